// Firecrest — what a WebSocket frame is for.
// SPDX-License-Identifier: Apache-2.0

/// The kind of a frame (RFC 6455 §5.2, "Opcode"). Values 3-7 and 11-15 are reserved and have no case here.
package enum Opcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    /// Control frames carry at most 125 bytes and are never fragmented (RFC 6455 §5.5).
    package var isControl: Bool { rawValue & 0x8 != 0 }
}
