// Firecrest — what a console session is to do.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

struct ConsoleOptions: Sendable {
    var address: ConsoleAddress
    var topic: String
    var joinPayload = Payload.empty
    var version = ClientCodec.Version.v2
    /// Further fields of the request, checked by ``ClientHandshake``.
    var headers: [Header] = []
    /// Sent where phoenix.js sends it: in the subprotocol header.
    var authToken: String?
    /// Whether permessage-deflate is offered.
    var offersDeflate = true
    /// nil: none are sent. Defaults to 30 s, as phoenix.js.
    var heartbeat: TimeAmount? = .seconds(30)
    /// Longest wait for a connection, a join, and the replies that are outstanding at the end.
    var timeout = TimeAmount.seconds(5)
    /// Shows each frame as `firecrest inspect` does.
    var isRaw = false

    struct Header: Sendable, Equatable {
        var name: String
        var value: String
    }
}
