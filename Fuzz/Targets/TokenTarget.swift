// Firecrest — fuzzes the tokens of sessions.
// SPDX-License-Identifier: Apache-2.0

@testable internal import Firecrest

/// Settings: 0 in the first byte: the rest is a token. Otherwise the rest is an address, and what is to be changed in the token
/// that we sign for it: a place, the bits to flip there, and how long ago that was.
struct TokenTarget: FuzzTarget {
    private static let now: Int64 = 1_700_000_000
    private static let maxAge = Duration.seconds(1_000)
    /// The secret that the tokens among the seeds were made with.
    private let tokens = SessionTokens(secret: "a secret for fuzzing, known to all")

    func run(_ input: FuzzInput) {
        var input = input
        let isOurs = input.byte() != 0
        if isOurs { checkSigned(&input) } else if let text = input.text { checkForeign(text) }
    }

    /// Whatever is taken, we signed.
    private func checkForeign(_ text: String) {
        guard let address = tokens.verify(text, maxAge: nil, now: Self.now) else { return }
        require(tokens.sign(address).utf8.elementsEqual(text.utf8), "\(text) is not what we sign for \(address)")
        require(text.utf8.count <= SessionTokens.maxBytes, "\(text.utf8.count) bytes were looked at")
    }

    private func checkSigned(_ input: inout FuzzInput) {
        func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
            (0..<Number.bitWidth / 8).reduce(0) { sum, _ in sum << 8 | Number(truncatingIfNeeded: input.byte()) }
        }
        let (place, flip) = (Int(input.byte()), input.byte())
        let age = Int64(number(Int16.self))
        let address = SessionAddress(
            node: NodeTag(rawValue: number(UInt64.self)), loop: number(UInt16.self),
            id: SessionID(high: number(UInt64.self), low: number(UInt64.self)),
            issuedAt: input.byte() == 0 ? number(Int64.self) : Self.now - age)
        var token = Array(tokens.sign(address).utf8)
        let (exact, overflow) = Self.now.subtractingReportingOverflow(address.issuedAt)
        let isInTime = !overflow && exact >= -60 && exact <= 1_000
        check(token, is: isInTime ? address : nil)

        token[place % token.count] ^= flip
        if flip != 0 { check(token, is: nil) }
        // Cut short it is none either; an empty piece may not be cut off.
        check(token.prefix(place % token.count), is: nil)
    }

    private func check(_ token: some Collection<UInt8>, is address: SessionAddress?) {
        guard let text = String(validating: Array(token), as: UTF8.self) else { return }
        let found = tokens.verify(text, maxAge: Self.maxAge, now: Self.now)
        require(found == address, "\(text) is \(String(describing: found)), not \(String(describing: address))")
    }
}
