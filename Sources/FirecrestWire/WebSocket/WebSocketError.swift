// Firecrest — why a connection must be closed, ready for the close frame.
// SPDX-License-Identifier: Apache-2.0

/// What the peer did wrong: the code and the sentence for the close frame, and a stable name for logs and metrics.
package struct WebSocketError: Error, Sendable, Equatable {
    /// Names that never change, one per check; safe as metric labels because no byte of them comes from a peer.
    package enum Kind: String, Sendable, CaseIterable {
        case frameReservedBits = "frame_reserved_bits"
        case frameReservedOpcode = "frame_reserved_opcode"
        case frameNotMasked = "frame_not_masked"
        case frameMasked = "frame_masked"
        case frameLengthNotMinimal = "frame_length_not_minimal"
        case frameLengthInvalid = "frame_length_invalid"
        case frameTooBig = "frame_too_big"
        case controlFragmented = "control_fragmented"
        case controlTooLong = "control_too_long"
        case closeBodyInvalid = "close_body_invalid"
        case closeCodeInvalid = "close_code_invalid"
        case closeReasonNotUTF8 = "close_reason_not_utf8"
        case continuationUnexpected = "continuation_unexpected"
        case continuationExpected = "continuation_expected"
        case messageTooBig = "message_too_big"
        case fragmentsExceeded = "fragments_exceeded"
        case textNotUTF8 = "text_not_utf8"
        case deflateInvalid = "deflate_invalid"
        case inflateRatioExceeded = "inflate_ratio_exceeded"
        case inflateUnavailable = "inflate_unavailable"
    }

    /// The status code for the close frame.
    package var code: CloseCode
    /// The stable name of the check that failed.
    package var kind: Kind
    /// One sentence: what happened, and the limit. At most 123 bytes of UTF-8, so that it fits a close frame whole.
    package var reason: String

    package init(code: CloseCode, kind: Kind, reason: String) {
        self.code = code
        self.kind = kind
        self.reason = reason
    }
}
