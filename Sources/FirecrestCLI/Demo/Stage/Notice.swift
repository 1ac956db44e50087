// Firecrest — a notification as it comes by HTTP: who it is for, what it says, what its sender is told.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Hummingbird
import NIOCore

struct Notice: Sendable {
    static let maxBytes = 1_000

    let user: UserName
    let text: String
    private let listeners: Int

    var topic: Topic { Topic("user:\(user)") }

    /// - Throws: `NoticeError`, which is the answer.
    init(_ request: Request, user: String?) async throws {
        // Any page that somebody visits could send this request to a server on the same machine.
        if let origin = request.headers[.origin], let host = request.head.authority,
            origin != "http://\(host)" && origin != "https://\(host)"
        {
            throw NoticeError(.forbidden, "Pages of other servers may not notify anybody here.")
        }
        guard let user = UserName(user ?? "") else { throw NoticeError(.badRequest, UserName.rule) }
        let bytes: ByteBuffer
        do {
            bytes = try await request.body.collect(upTo: Self.maxBytes)
        } catch is NIOTooManyBytesError {
            throw NoticeError(.contentTooLarge, "A notification has at most \(Self.maxBytes) bytes.")
        }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw NoticeError(.badRequest, "The text is not UTF-8.")
        }
        guard !text.isEmpty else { throw NoticeError(.badRequest, "There is no text: it is the body of the request.") }
        listeners = Stage.shared.users.count(user)
        guard listeners > 0 else {
            throw NoticeError(.notFound, "Nobody listens as \(user) just now. Nothing was sent, and nothing is kept.")
        }
        self.user = user
        self.text = text
    }

    /// How many it goes to.
    var receipt: Response {
        NoticeError.sentence("Sent to \(listeners) connection\(listeners == 1 ? "" : "s") of \(user).", status: .ok)
    }
}

/// A notification that was not sent. The answer is a sentence, for people at a terminal.
struct NoticeError: HTTPResponseError {
    let status: HTTPResponse.Status
    let reason: String

    init(_ status: HTTPResponse.Status, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    func response(from request: Request, context: some RequestContext) -> Response {
        Self.sentence(reason, status: status)
    }

    static func sentence(_ text: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}
