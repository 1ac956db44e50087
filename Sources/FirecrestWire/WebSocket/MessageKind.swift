// Firecrest — text or binary.
// SPDX-License-Identifier: Apache-2.0

/// The two kinds of message (RFC 6455 §5.6).
package enum MessageKind: Sendable {
    /// UTF-8, validated.
    case text
    /// Any bytes.
    case binary
}
