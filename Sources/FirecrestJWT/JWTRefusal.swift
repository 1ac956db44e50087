// Firecrest — a refused token as a reason for ConnectError: brief for the client, whole for the log.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// The reason of the `ConnectError` that ``JWTVerifier/authenticate(_:)`` throws.
///
/// Where a client is told reasons (`RefusalStyle.acceptThenClose`), it gets `description`: that its token has expired,
/// which the client could read in the token itself and must know in order to fetch a new one, or that it was not
/// accepted. Whoever tries forged tokens does not learn which check they failed. The log has the ``error``.
public struct JWTRefusal: Sendable, Hashable, CustomStringConvertible {
    /// Which check failed.
    public let error: JWTVerifierError

    package init(_ error: JWTVerifierError) {
        self.error = error
    }

    /// `token expired` or `token not accepted`.
    public var description: String { error.code == .expired ? "token expired" : "token not accepted" }
}

extension JWTRefusal: LoggedReason {
    package var logText: String { error.description }
}
