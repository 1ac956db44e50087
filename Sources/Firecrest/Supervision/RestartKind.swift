// Firecrest — whether a child that ended is started again.
// SPDX-License-Identifier: Apache-2.0

/// Whether a supervisor starts a child again, as a child's `restart` in OTP.
///
/// A child ends normally when its `run()` returns, and abnormally when that throws. A `Supervisor` below another that gives
/// up counts as `shutdown` does in OTP: a permanent one is started again, a transient one is not.
public struct RestartKind: Sendable, Hashable, CustomStringConvertible {
    enum Kind: String {
        case permanent, transient, temporary
    }

    let kind: Kind

    /// Always started again. For what must be there as long as the program is.
    public static let permanent = RestartKind(kind: .permanent)
    /// Started again when it ended abnormally. For work that has an end.
    public static let transient = RestartKind(kind: .transient)
    /// Never started again, not with others either (`oneForAll`, `restForOne`): those stop it for good.
    public static let temporary = RestartKind(kind: .temporary)

    public var description: String { kind.rawValue }
}
