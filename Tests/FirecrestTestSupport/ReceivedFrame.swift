// Firecrest — what a server sent over a WebSocket, and how a test's client reads it.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

/// One message, control frame, or the end of the connection.
package enum ReceivedFrame: Sendable, Hashable {
    case text(String)
    case binary(ByteBuffer)
    case ping(ByteBuffer)
    case pong(ByteBuffer)
    /// The code is nil when the close frame had no body.
    case close(code: UInt16?, reason: String)
    /// The stream ended.
    case eof
}

/// The client's end of the frame layer.
struct FrameReader {
    private var decoder = MessageDecoder(role: .client, limits: FrameReader.limits, compression: nil)

    private static let limits = FrameLimits(
        maxFrameBytes: 64 << 20, maxMessageBytes: 64 << 20, maxFragments: 65_536, maxInflateRatio: 100_000)

    /// After a handshake that agreed to compression.
    mutating func expectCompression() {
        decoder = MessageDecoder(
            role: .client, limits: Self.limits,
            compression: DeflateAgreement(serverMaxWindowBits: 15, clientMaxWindowBits: 15))
    }

    mutating func next(_ bytes: inout ByteBuffer) throws -> ReceivedFrame? {
        guard let event = try decoder.next(&bytes, inflater: { Inflater() }) else { return nil }
        return switch event {
        case .message(.text, let payload): .text(String(buffer: payload))
        case .message(.binary, let payload): .binary(payload)
        case .ping(let payload): .ping(payload)
        case .pong(let payload): .pong(payload)
        case .close(let code, let reason): .close(code: code?.rawValue, reason: reason)
        }
    }
}
