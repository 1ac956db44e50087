// Firecrest — why a channel ended.
// SPDX-License-Identifier: Apache-2.0

/// Handed to `Channel.terminate`.
public enum TerminateReason: Sendable {
    /// The client left.
    case left
    /// The connection is gone.
    case closed
    /// The server is being restarted.
    case draining
    /// A handler returned `.stop`.
    case stopped(StopReason)
    /// The client's grant (`Socket.grant`) allows the topic no longer: its time is over, or a fresh token does not name it.
    case revoked
    /// A callback threw.
    case crashed(any Error)
}
