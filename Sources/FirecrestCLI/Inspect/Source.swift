// Firecrest — who sent the bytes.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire

/// The end that sent a stream. The other end's decoder is the one that judges it.
enum Source: String {
    case client, server

    /// The role of the end that receives.
    var receiver: WebSocketRole { self == .client ? .server : .client }

    var receiverName: String { self == .client ? "server" : "client" }
}
