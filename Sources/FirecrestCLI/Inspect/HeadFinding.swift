// Firecrest — what an HTTP head says about the connection that it opens.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire

struct HeadFinding {
    /// One header, or what follows from it.
    struct Fact: Equatable {
        var name: String
        var value: String
        /// What was checked, or what it means.
        var remark: String?
    }

    var source: Source
    var offset: Int
    /// Bytes of the head, the empty line included.
    var length: Int
    /// The request line or status line.
    var line: String
    var facts: [Fact] = []
    var problems: [Problem] = []
    /// Whether frames follow.
    var opensWebSocket = true
}

/// What the two heads agree on, as far as they have been seen.
struct HandshakeContext {
    var hasRequest = false
    var hasResponse = false
    /// The `Sec-WebSocket-Key`.
    var key: String?
    var subprotocols: [String] = []
    /// Values of the request's `Sec-WebSocket-Extensions`.
    var offers: [String] = []
    /// The version that `vsn` names, if there is one.
    var version: ClientCodec.Version?
    /// The parameters that the response names; `nil` without permessage-deflate, or without a response.
    var deflate: DeflateParameters?

    /// Whether RSV1 has a meaning in the frames that `source` sends, and whether it keeps its window.
    func compression(from source: Source, _ settings: InspectSettings) -> Compression {
        if hasResponse {
            guard let deflate else { return settings.assumesDeflate ? .agreed(keepsContext: false) : .none }
            let resets = source == .client ? deflate.clientNoContextTakeover : deflate.serverNoContextTakeover
            return .agreed(keepsContext: !resets)
        }
        if settings.assumesDeflate { return .agreed(keepsContext: settings.assumesContextTakeover) }
        // Only the request is there: go by the answer of a server that compresses.
        return DeflateNegotiation.agree(offers: offers, options: DeflateOptions()) == nil
            ? .none : .agreed(keepsContext: false)
    }
}

enum Compression: Equatable {
    case none
    case agreed(keepsContext: Bool)
}
