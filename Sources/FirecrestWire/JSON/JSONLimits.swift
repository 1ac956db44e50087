// Firecrest — how much nesting and how long a number the JSON reader accepts
// SPDX-License-Identifier: Apache-2.0

/// What the JSON reader refuses although the grammar allows it. RFC 8259 §9 lets a reader set such limits.
package struct JSONLimits: Sendable, Equatable {
    /// The deepest nesting any reader can be set to: the size of the bit stack that remembers `[` or `{` per level.
    package static let deepest = 1_024

    /// Arrays and objects open at the same time; a scalar has depth 0, `[]` has 1, and an envelope counts itself.
    ///
    /// Defaults to 128, far more than messages written by people have. A setting is clamped to 0 ... 1,024.
    /// The reader's stack does not grow with it: the limit protects what is later built from the bytes.
    package var maxDepth: Int {
        get { depth }
        set { depth = min(max(newValue, 0), Self.deepest) }
    }

    /// The longest number in bytes, sign and exponent included. Defaults to 1,024: a `Double` printed in full
    /// (`Double.leastNonzeroMagnitude` without an exponent) needs up to 1,077, anything people send needs under 30.
    ///
    /// 0 refuses every number. There is no "unlimited"; `Int.max` comes near.
    package var maxNumberBytes: Int

    private var depth: Int

    package init(maxDepth: Int = 128, maxNumberBytes: Int = 1_024) {
        self.maxNumberBytes = maxNumberBytes
        self.depth = min(max(maxDepth, 0), Self.deepest)
    }
}
