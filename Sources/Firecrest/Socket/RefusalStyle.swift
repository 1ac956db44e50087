// Firecrest — how a client learns that it may not connect.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestWire

/// How a refused client is told.
///
/// A browser hides the answer to a failed upgrade from the page: the page sees a connection that ended with 1006 and no
/// reason, and phoenix.js tries again for ever. Accepting first costs a refused client the upgrade, a frame and a close
/// handshake, and tells everybody who asks that a WebSocket is here and why it is not theirs; so it is a choice.
public struct RefusalStyle: Sendable, Hashable {
    /// nil: over HTTP.
    let closeCode: CloseCode?

    /// An HTTP status, as Phoenix. The default.
    public static let http = RefusalStyle(closeCode: nil)

    /// As `acceptThenClose(code:)` with 1008, after which phoenix.js tries again.
    public static let acceptThenClose = RefusalStyle(closeCode: .policyViolation)

    /// The upgrade is accepted, one message on the topic `phoenix` says why, and the connection is closed:
    ///
    ///     [null, null, "phoenix", "phx_error", {"code": "connect_refused", "reason": "banned"}]
    ///
    /// It is written for the `vsn` that was asked for; for one that is not served as 2.0.0, without one as 1.0.0. The
    /// reason is the one that `connect` gave, as text: do not put into it what the client must not know.
    ///
    /// So are told: a refusal by `connect`, a `vsn` that is not served, an auth token that is no base64. When `connect`
    /// fails, or takes too long, the code is 1011, or 1013, whatever is chosen here. Over HTTP as ever: a foreign origin,
    /// whose page shall learn nothing; a request that is malformed; subprotocols of which none is served, since a browser
    /// drops a connection that answers none of those it offered.
    ///
    /// - Parameter code: 1008 (`policyViolation`) lets phoenix.js come back, 1000 (`normal`) keeps it away for good:
    ///   right for a ban, wrong for a token that is renewed.
    public static func acceptThenClose(code: CloseCode) -> RefusalStyle {
        RefusalStyle(closeCode: code)
    }
}
