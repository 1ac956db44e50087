// Firecrest — how bytes are to be read.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire

struct InspectSettings {
    /// Which serializer the messages are for.
    enum Phoenix: Equatable {
        /// As the request's `vsn` says; without it, by the first byte.
        case automatic
        case version(ClientCodec.Version)
        /// The messages are no Phoenix messages.
        case none
    }

    /// The receiver's limits; those of the server unless the user says otherwise.
    var limits = FrameLimits()
    var messageLimits = MessageLimits()
    var phoenix = Phoenix.automatic
    /// Takes permessage-deflate as agreed where no handshake says so.
    var assumesDeflate = false
    /// Whether a message may refer to those before it, in such a case.
    var assumesContextTakeover = false
}
