// Firecrest — what the decoder found.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One complete thing a peer sent.
///
/// The buffers may be slices of the read buffer that was decoded; copy what must outlive the read.
package enum WebSocketEvent: Sendable, Equatable {
    /// A whole message: reassembled, unmasked, inflated; valid UTF-8 if it is text.
    case message(MessageKind, ByteBuffer)
    /// Answer with a pong that carries the same bytes (RFC 6455 §5.5.2).
    case ping(ByteBuffer)
    /// Needs no answer (RFC 6455 §5.5.3).
    case pong(ByteBuffer)
    /// The last event of a connection. The code is `nil` when the frame had no body (RFC 6455 §7.1.5).
    case close(CloseCode?, reason: String)
}
