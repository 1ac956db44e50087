// Firecrest — the name of a session that outlives its requests.
// SPDX-License-Identifier: Apache-2.0

/// 128 random bits. Nobody guesses one, and no two nodes make the same.
struct SessionID: Hashable, Sendable {
    static let byteCount = 16

    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one, from the system's generator.
    static func random() -> SessionID {
        var generator = SystemRandomNumberGenerator()
        return SessionID(high: generator.next(), low: generator.next())
    }
}
