// Firecrest — one element of Sec-WebSocket-Extensions.
// SPDX-License-Identifier: Apache-2.0

/// An extension with its parameters, as offered or accepted (RFC 6455 §9.1).
package struct ExtensionOffer: Equatable, Sendable {
    package struct Parameter: Equatable, Sendable {
        package var name: String
        /// Without its quotes; `nil` when there was no `=`.
        package var value: String?
    }

    package var name: String
    package var parameters: [Parameter] = []
}
