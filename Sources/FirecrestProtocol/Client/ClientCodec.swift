// Firecrest — the client's side of the serializers.
// SPDX-License-Identifier: Apache-2.0

/// Turns a client's messages into frames and a server's frames into messages: the mirror of ``Serializer``.
///
/// What a server decodes (``Message``) is encoded here, and what it encodes (``OutboundMessage``) is decoded. Values of
/// this type hold no state; refs, timeouts and joins are for whoever uses it.
package struct ClientCodec: Sendable, Hashable {
    /// The forms of the protocol, with what a client says as `vsn`.
    package enum Version: String, Sendable, CaseIterable {
        /// A JSON object, both ways. Binary payloads have no form here, and the server's join ref is not sent.
        case v1 = "1.0.0"
        /// A JSON array, or bytes behind a small header. What phoenix.js speaks.
        case v2 = "2.0.0"
    }

    package let version: Version
    /// What is refused of a server's messages; the same as a server refuses of a client's.
    package let limits: MessageLimits

    package init(_ version: Version, limits: MessageLimits = MessageLimits()) {
        self.version = version
        self.limits = limits
    }
}
