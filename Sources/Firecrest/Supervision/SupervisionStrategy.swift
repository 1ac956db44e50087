// Firecrest — which children are started again when one has ended.
// SPDX-License-Identifier: Apache-2.0

/// What else a supervisor starts again when it starts one child again, as a supervisor's `strategy` in OTP.
public struct SupervisionStrategy: Sendable, Hashable, CustomStringConvertible {
    enum Kind: String {
        case oneForOne, oneForAll, restForOne
    }

    let kind: Kind

    /// That child alone: for children that do not need each other.
    public static let oneForOne = SupervisionStrategy(kind: .oneForOne)
    /// All children: the others are stopped first, the last first, then all are started in order.
    public static let oneForAll = SupervisionStrategy(kind: .oneForAll)
    /// That child and those after it: for children of which each needs those before it.
    public static let restForOne = SupervisionStrategy(kind: .restForOne)

    public var description: String { kind.rawValue }
}
