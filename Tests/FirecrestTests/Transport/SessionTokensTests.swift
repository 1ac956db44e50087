// Firecrest — tests of session tokens: what we signed is known again, everything else is nothing.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

@Suite struct SessionTokensTests {
    private static let now: Int64 = 1_700_000_000
    private static let secret = String(repeating: "a secret of many bytes ", count: 3)
    private static let address = SessionAddress(
        node: NodeTag("a@example"), loop: 513, id: SessionID(high: 0x0123_4567_89AB_CDEF, low: .max),
        issuedAt: now)
    private let tokens = SessionTokens(secret: Self.secret)

    private func verify(_ token: String, maxAge: Duration? = nil, now: Int64 = Self.now) -> SessionAddress? {
        tokens.verify(token, maxAge: maxAge, now: now)
    }

    @Test func a_token_is_known_again() {
        let token = tokens.sign(Self.address)
        #expect(verify(token) == Self.address)
        #expect(token.utf8.count == 99)
    }

    /// Made by Python's hmac and base64 from HKDF as RFC 5869 writes it: other nodes may run another build.
    @Test func the_bytes_are_those_of_the_format() {
        let token =
            "SFMyNTY.AcekbZtytq56AgEBI0VniavN7___________AAAAAGVT8QA."
            + "-xkdpi-oI84D46FK_avDdgLm-wIYWjcD8VIKC4kDITw"
        #expect(tokens.sign(Self.address) == token)
    }

    @Test func nodes_with_the_same_secret_know_each_others_tokens() {
        let token = SessionTokens(secret: Self.secret).sign(Self.address)
        #expect(verify(token) == Self.address)
        #expect(SessionTokens(secret: Self.secret + "!").verify(token, maxAge: nil, now: Self.now) == nil)
    }

    @Test func without_a_secret_nobody_else_knows_them() {
        let token = SessionTokens(secret: nil).sign(Self.address)
        #expect(verify(token) == nil)
        #expect(SessionTokens(secret: nil).verify(token, maxAge: nil, now: Self.now) == nil)
    }

    @Test func a_token_with_any_digit_changed_is_none() {
        let token = Array(tokens.sign(Self.address).utf8)
        for index in token.indices {
            for digit in "Ab9-_.=+/ \u{0}".utf8 where digit != token[index] {
                var changed = token
                changed[index] = digit
                #expect(verify(String(decoding: changed, as: UTF8.self)) == nil, "\(index): \(digit)")
            }
        }
    }

    @Test func a_token_cut_short_or_lengthened_is_none() {
        let token = tokens.sign(Self.address)
        for length in 0..<token.count { #expect(verify(String(token.prefix(length))) == nil) }
        for tail in ["=", "A", ".", ".A", " ", "\n"] { #expect(verify(token + tail) == nil) }
        for head in [".", "A", " "] { #expect(verify(head + token) == nil) }
    }

    @Test(arguments: ["", ".", "..", "...", "SFMyNTY..", "SFMyNTY.AA.", "SFMyNTY..AA", "é.é.é", "SFMzODQ.AA.AA"])
    func what_is_no_token_is_none(_ text: String) {
        #expect(verify(text) == nil)
    }

    @Test func a_text_beyond_the_limit_is_not_looked_at() {
        // Signed by us, and still too long: the limit is what refuses it.
        #expect(verify(tokens.sign(Self.address) + String(repeating: "A", count: SessionTokens.maxBytes)) == nil)
        #expect(verify(String(repeating: "A", count: 50_000_000)) == nil)
    }

    @Test func ages_count() {
        let token = tokens.sign(Self.address)
        let week = Duration.seconds(7 * 86_400)
        #expect(verify(token, maxAge: week, now: Self.now + 604_800) == Self.address)
        #expect(verify(token, maxAge: week, now: Self.now + 604_801) == nil)
        #expect(verify(token, maxAge: nil, now: .max) == Self.address)
        // Another node's clock may be behind, by less than a minute.
        #expect(verify(token, maxAge: week, now: Self.now - 60) == Self.address)
        #expect(verify(token, maxAge: nil, now: Self.now - 61) == nil)
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func no_issue_time_traps(_ time: Int64) {
        var address = Self.address
        address.issuedAt = time
        let token = tokens.sign(address)
        for now in [Int64.min, -1, 0, Self.now, .max] { _ = verify(token, maxAge: .seconds(1), now: now) }
        #expect(verify(token, maxAge: .zero, now: time) == address)
    }

    @Test func ids_are_random() {
        let ids = Set((0..<1_000).map { _ in SessionID.random() })
        #expect(ids.count == 1_000)
        // Every bit is set in about half of them.
        for bit in 0..<64 {
            for word in [\SessionID.high, \SessionID.low] {
                #expect((300...700).contains(ids.count { $0[keyPath: word] >> bit & 1 == 1 }))
            }
        }
    }

    @Test func nodes_have_tags_of_their_own() {
        // The first bytes of SHA-256 of "abc" (FIPS 180-2, appendix B.1).
        #expect(NodeTag("abc").rawValue == 0xBA78_16BF_8F01_CFEA)
        #expect(NodeTag("a") != NodeTag("b"))
    }
}
