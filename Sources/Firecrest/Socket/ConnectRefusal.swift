// Firecrest — a client that connect refused, as an error handler sees it.
// SPDX-License-Identifier: Apache-2.0

/// What a mount's `errorHandler` makes its answer from.
public struct ConnectRefusal: Sendable {
    /// What `ConnectError.refused(reason:)` was given.
    public let reason: any Sendable
    public let params: ConnectParams
    public let info: ConnectInfo
}
