// Firecrest — the opening request of every connection, which differ in the key.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

struct RequestTemplate: Sendable {
    private let request: ByteBuffer
    /// Where the key stands, in bytes.
    private let keyOffset: Int

    init(_ address: ConsoleAddress, headers: [ConsoleOptions.Header]) {
        let handshake = ClientHandshake(
            ConsoleOptions(address: address, topic: "", headers: headers, offersDeflate: false))
        let key = Array(handshake.key.utf8)
        let bytes = handshake.request.readableBytesView
        request = handshake.request
        keyOffset = bytes.indices.first { bytes[$0...].starts(with: key) } ?? bytes.endIndex
    }

    func make(using random: inout SplitMix64) -> ClientHandshake {
        let key = WebSocketHandshake.makeKey(using: &random)
        var request = request
        request.setString(key, at: keyOffset)
        return ClientHandshake(key: key, request: request)
    }
}
