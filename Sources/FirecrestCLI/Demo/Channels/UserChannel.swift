// Firecrest — `user:*` and `POST /notify/<user>`: a word to one user, from whatever speaks HTTP.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Hummingbird

final class UserChannel: Channel {
    private var seat: Seat?  // counts as a listener while it is held

    init(topic: Topic) {}

    // The demo believes whoever says a name. Yours asks here whether the connection's token belongs to that user.
    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        guard let user = UserName(socket.topic.subtopic) else { return .error(["reason": "\(UserName.rule)"]) }
        seat = Stage.shared.users.enter(user)
        return seat == nil ? .error(["reason": "too many users"]) : .ok
    }

    static var events: [Event<UserChannel>] {}  // the client only listens
}

extension Notice {
    static func addRoute(to router: Router<BasicRequestContext>, _ endpoint: EndpointReference) {
        router.post("/notify/:user") { request, context in
            let notice = try await Notice(request, user: context.parameters.get("user"))
            try endpoint.endpoint?.broadcast(notice.topic, "notice", ["text": .string(notice.text)] as JSON)
            return notice.receipt
        }
    }
}
