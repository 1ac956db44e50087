// Firecrest — for whom terms are written
// SPDX-License-Identifier: Apache-2.0

/// Which of several forms of the same term is written.
package struct ETFStyle: Sendable, Equatable {
    package enum Atoms: Sendable {
        /// Tag 100, text in Latin-1: what Erlang writes up to OTP 25.
        case latin1
        /// Tag 115, text in Latin-1: what erlpack writes, and all that its JavaScript reads besides 100.
        case smallLatin1
        /// Tag 119: what Erlang writes from OTP 26 on.
        case utf8
    }

    /// The form of atoms. One that has no form in Latin-1, or not in 255 bytes, is written in the form that holds it.
    package var atoms: Atoms

    /// Whether integers beyond 32 bits, which erlpack's JavaScript would read as text, are written as doubles as far as
    /// these are exact, to ±2⁵³ (phoenix-channels.md §10.2).
    package var sparesJavaScript: Bool

    /// As Erlang's `term_to_binary` writes them, from OTP 26 on; every version still supported reads it.
    package static let erlang = ETFStyle(atoms: .utf8, sparesJavaScript: false)

    /// For clients, whose decoder may be erlpack's.
    package static let client = ETFStyle(atoms: .smallLatin1, sparesJavaScript: true)

    package init(atoms: Atoms, sparesJavaScript: Bool) {
        self.atoms = atoms
        self.sparesJavaScript = sparesJavaScript
    }
}
