// Firecrest — what a socket's connect throws to refuse a client.
// SPDX-License-Identifier: Apache-2.0

/// A client that may not connect.
///
/// ```swift
/// throw ConnectError.refused                         // 403
/// throw ConnectError.refused(reason: "banned")       // 403, or what the mount's errorHandler makes of it
/// throw ConnectError.refused(reason: TooMany(wait: .seconds(30)))
/// ```
public struct ConnectError: Error, Sendable, CustomStringConvertible {
    /// What `refused(reason:)` was given. It goes to the log and to the mount's `errorHandler`; to the client only where
    /// the mount says `refusal = .acceptThenClose`.
    public let reason: (any Sendable)?

    /// 403 with an empty body, as Phoenix (`:error`).
    public static let refused = ConnectError(reason: nil)

    /// 403 with an empty body, or the answer of the mount's `errorHandler` (Phoenix: `{:error, reason}`).
    public static func refused(reason: some Sendable) -> ConnectError {
        ConnectError(reason: reason)
    }

    public var description: String {
        reason.map { "connect refused the client: \($0)" } ?? "connect refused the client"
    }
}
