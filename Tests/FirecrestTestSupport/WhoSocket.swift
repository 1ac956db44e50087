// Firecrest — a socket that tells a client who it is to the server.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest

extension AssignKey<ConnectInfo> {
    fileprivate static let connectInfo = AssignKey("connect_info")
}

/// The reply to a join of `who` has the address, port, size of the certificate, scheme, host and port of the URI that
/// `connect` was told.
package struct WhoSocket: Socket {
    package static let channels = Channels { channel("who", WhoChannel.self) }
    package static var websocket: WebSocketOptions {
        var options = WebSocketOptions()
        options.connectInfo = [.peerData, .uri]
        options.checkOrigin = .sameAsRequest
        return options
    }

    package static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        var assigns = Assigns()
        assigns[.connectInfo] = info
        return assigns
    }
}

package final class WhoChannel: Channel {
    package static var events: [Event<WhoChannel>] {
        on("ping") { _, _, _ in .ok }
    }

    package init(topic: Topic) {}

    package func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        guard let info = socket.assigns[.connectInfo] else { return .error(["reason": "no connect info"] as JSON) }
        return .ok(
            [
                "address": info.peerData?.address.map { .string($0) } ?? .null,
                "port": info.peerData?.port.map { .integer(Int64($0)) } ?? .null,
                "certificate": info.peerData?.certificate.map { .integer(Int64($0.count)) } ?? .null,
                "scheme": info.uri.map { .string($0.scheme) } ?? .null,
                "host": info.uri.map { .string($0.host) } ?? .null,
                "uri_port": info.uri.map { .integer(Int64($0.port)) } ?? .null,
            ] as JSON)
    }
}
