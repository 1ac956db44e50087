// Firecrest — how old a token may be.
// SPDX-License-Identifier: Apache-2.0

/// How old a token may be (Phoenix's `max_age`).
public enum TokenAge: Sendable, Hashable {
    /// May have a fraction, of milliseconds at most. 0 and less: no age at all is young enough.
    case seconds(Double)
    case infinity

    /// 86,400 seconds: Phoenix's default.
    public static let day = TokenAge.seconds(86_400)
}
