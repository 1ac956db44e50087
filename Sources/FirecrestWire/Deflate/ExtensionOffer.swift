// Firecrest — one element of Sec-WebSocket-Extensions.
// SPDX-License-Identifier: Apache-2.0

/// An extension with its parameters, as offered or accepted (RFC 6455 §9.1).
struct ExtensionOffer: Equatable {
    struct Parameter: Equatable {
        var name: String
        /// Without its quotes; `nil` when there was no `=`.
        var value: String?
    }

    var name: String
    var parameters: [Parameter] = []
}
