// Firecrest — a Phoenix message, taken apart.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

struct EnvelopeFinding {
    enum Format: String {
        case v1 = "V1 object"
        case v2 = "V2 array"
        case v2Binary = "V2 binary"
        /// Serializer 3.0.0, Erlang's terms; the payload is shown as the JSON that it stands for.
        case etf = "ETF list"
    }

    /// What the message is for (phoenix-channels.md §3).
    enum Meaning: Equatable {
        case join, leave, heartbeat
        /// A client's event.
        case push
        case reply(status: String)
        case serverPush
        case broadcast
        /// V1 does not tell them apart.
        case pushOrBroadcast
        case close, error

        var name: String {
            switch self {
            case .join: "join"
            case .leave: "leave"
            case .heartbeat: "heartbeat"
            case .push, .serverPush: "push"
            case .reply(let status): "reply \(status)"
            case .broadcast: "broadcast"
            case .pushOrBroadcast: "push or broadcast"
            case .close: "channel closed"
            case .error: "channel error"
            }
        }
    }

    /// One byte of a binary header.
    struct HeaderByte: Equatable {
        var offset: Int
        var value: UInt8
        var name: String
    }

    var format: Format
    var meaning: Meaning
    /// JSON text as it came, or the plain text of a binary field; `nil` where the format has no such part.
    var joinRef: String?
    var ref: String?
    var topic: String
    var event: String
    /// The payload; of a reply, its response.
    var payload: Payload
    var headerBytes: [HeaderByte] = []

    /// Names a message and its reply alike, whichever form each came in; `nil` without a ref.
    var answerKey: String? {
        guard let ref, ref != "null" else { return nil }
        return topic + " " + (format == .v2Binary ? ref[...] : Ref(json: ref).plainText)
    }
}
