// Firecrest — conformance: tokens, with the vectors that the real plug_crypto made.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FoundationEssentials
import Testing

@Suite struct TokenTests {
    private static let secret = String(repeating: "a", count: 64)
    private static let salt = "user auth"
    private static let signedAt = Date(timeIntervalSince1970: 1_700_000_000)
    private static let token = Token(secretKeyBase: secret)

    private static let one = "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9gShOaPCMVYklRMi2bi1jGGGEQ1n5rsnhPvGUJk-QLQ"
    private static let text = "SFMyNTY.g2gDbQAAAAR1LTQybgYAAGjlz4sBYgAADhA.I6ybQQy6PuzZ0Lx5PGTtlJMNA6vF4M-2ZqMyLR30BU4"
    private static let map =
        "SFMyNTY.g2gDdAAAAAJtAAAAAmlkYQdtAAAABHJvbGVtAAAABWFkbWlubgYAAGjlz4sBYgABUYA."
        + "K_h_TGWyMLzViFNmVvTXkny5XC5DN7_H4-alZ6TNifU"
    private static let infinite =
        "SFMyNTY.g2gDYQFuBgAAaOXPiwFkAAhpbmZpbml0eQ.vEPxjvuPQAvnZXbCb_lSKd3oAvJBxg8xFGdmm17scEA"
    private static let yes =
        "SFMyNTY.g2gDdwR0cnVlbgYAAGjlz4sBYgABUYA.CXEkEdq-HFaYroK4mlCkDbsUc_bdpu42yxhnBZmOhzU"
    private static let legacy = "SFMyNTY.g2gCYQFuBgAAaOXPiwE.d7Kf91mw3iabzVLOq0yJDmDsja2h89OJ_Jw3o7Gd7Wk"
    private static let sha512 =
        "SFMyNTY.g2gDbQAAAAR1LTQybgYAAGjlz4sBYgABUYA.ljfd4lZR4MgoE_LCYsnMTePBWTMFFQAFGC67kDALHxk"
    private static let encrypted =
        "XCP.HlaiJV-Y4xsECEB3EpmN_3BxHqk_55VFEBEhZVXJEPxT1wwOAZvRTiynL3KFBVDu9uVgDqqxIJ8_WWk"

    /// Of another secret, salt, or so: seconds after the vectors were signed.
    private static func after(_ seconds: Double) -> Date { signedAt + seconds }

    private func expect(
        _ error: TokenError, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> JSON
    ) {
        #expect(throws: error, sourceLocation: sourceLocation) { try body() }
    }

    // MARK: vectors

    @Test func phx_228_the_vectors_are_read() throws {
        let vectors: [(String, JSON)] = [
            (Self.one, 1), (Self.text, "u-42"), (Self.map, ["id": 7, "role": "admin"]), (Self.infinite, 1),
            (Self.yes, true), (Self.legacy, 1),
        ]
        for (text, data) in vectors {
            #expect(try Self.token.verify(Self.salt, text, maxAge: .infinity) == data)
        }
    }

    @Test func phx_229_the_vectors_are_written() throws {
        #expect(try Self.token.sign(Self.salt, 1 as JSON, signedAt: Self.signedAt) == Self.one)
        #expect(try Self.token.sign(Self.salt, 1, signedAt: Self.signedAt) == Self.one)
        #expect(
            try Self.token.sign(Self.salt, "u-42" as JSON, signedAt: Self.signedAt, maxAge: .seconds(3_600))
                == Self.text)
        #expect(
            try Self.token.sign(Self.salt, ["role": "admin", "id": 7] as JSON, signedAt: Self.signedAt) == Self.map)
        // What Erlang writes from OTP 26 on.
        #expect(try Self.token.sign(Self.salt, true, signedAt: Self.signedAt) == Self.yes)
    }

    @Test func phx_230_atoms_of_every_otp_are_read() throws {
        // {nil, true, [], 1.5} of OTP 25 and of OTP 26, and an atom of neither.
        #expect(try Self.token.verify(Self.salt, Self.infinite) == 1)
        #expect(try Self.token.verify(Self.salt, Self.yes, maxAge: .infinity) == true)
        let nothing: JSON = [
            "a": nil, "b": [true, false, nil], "c": 1.5, "d": -3, "e": 5_000_000_000, "f": ["g": "ü"],
        ]
        let text = try Self.token.sign(Self.salt, nothing, maxAge: .infinity)
        #expect(try Self.token.verify(Self.salt, text) == nothing)
    }

    @Test func phx_231_what_was_changed_or_is_anothers_is_invalid() throws {
        let changed = Self.one.replacing("g2gDYQFu", with: "g2gDYQJu")
        expect(.invalid) { try Self.token.verify(Self.salt, changed, maxAge: .infinity) }
        expect(.invalid) { try Self.token.verify("other", Self.one, maxAge: .infinity) }
        let other = Token(secretKeyBase: String(repeating: "b", count: 64))
        expect(.invalid) { try other.verify(Self.salt, Self.one, maxAge: .infinity) }
        let broken = [
            "", ".", "..", "...", "SFMyNTY", "SFMyNTY..", "XCP.", Self.one + ".", Self.one + "=", Self.one + "A",
            String(Self.one.dropLast()), " " + Self.one, Self.one.lowercased(),
            Self.one.replacing("SFMyNTY.", with: "SFMzODQ."), Self.one.replacing("SFMyNTY.", with: "bm9uZQ."),
            Self.one.replacing("SFMyNTY.", with: ""), "\u{0}", "ü.ü.ü",
        ]
        for text in broken {
            expect(.invalid) { try Self.token.verify(Self.salt, text, maxAge: .infinity) }
            expect(.invalid) { try Self.token.decrypt(Self.salt, text, maxAge: .infinity) }
        }
    }

    @Test func phx_232_none_is_missing() {
        expect(.missing) { try Self.token.verify(Self.salt, nil) }
        expect(.missing) { try Self.token.decrypt(Self.salt, nil) }
    }

    // MARK: age

    @Test func phx_233_after_a_day_it_is_expired() throws {
        expect(.expired) { try Self.token.verify(Self.salt, Self.one) }
        let twoDays = try Self.token.sign(Self.salt, 1, signedAt: .now - 2 * 86_400)
        expect(.expired) { try Self.token.verify(Self.salt, twoDays) }
        #expect(try Self.token.verify(Self.salt, Self.one, now: Self.after(86_400)) == 1)
        expect(.expired) { try Self.token.verify(Self.salt, Self.one, now: Self.after(86_400.001)) }
        expect(.expired) { try Self.token.verify(Self.salt, Self.legacy, now: Self.after(86_400.001)) }
        #expect(try Self.token.verify(Self.salt, Self.legacy, now: Self.after(86_400)) == 1)
    }

    @Test func phx_234_a_token_of_the_future_is_invalid() throws {
        let future = try Self.token.sign(Self.salt, 1, signedAt: .now + 30)
        expect(.invalid) { try Self.token.verify(Self.salt, future) }
        expect(.invalid) { try Self.token.verify(Self.salt, Self.one, now: Self.after(-0.001)) }
        // With leeway for the clocks it is taken, and no longer than that.
        #expect(try Self.token.verify(Self.salt, Self.one, leeway: .seconds(1), now: Self.after(-1)) == 1)
        expect(.invalid) { try Self.token.verify(Self.salt, Self.one, leeway: .seconds(1), now: Self.after(-1.001)) }
        #expect(try Self.token.verify(Self.salt, Self.one, leeway: .seconds(1), now: Self.after(86_401)) == 1)
    }

    @Test func phx_235_no_age_is_young_enough_for_0() {
        expect(.expired) { try Self.token.verify(Self.salt, Self.one, maxAge: .seconds(0), now: Self.signedAt) }
        expect(.expired) { try Self.token.verify(Self.salt, Self.one, maxAge: .seconds(-1), now: Self.signedAt) }
        expect(.expired) { try Self.token.verify(Self.salt, Self.one, maxAge: .seconds(.nan), now: Self.signedAt) }
    }

    @Test func phx_236_the_verifiers_age_wins() throws {
        let now = Self.after(20)
        #expect(try Self.token.verify(Self.salt, Self.text, now: now) == "u-42")
        expect(.expired) { try Self.token.verify(Self.salt, Self.text, maxAge: .seconds(10), now: now) }
        #expect(try Self.token.verify(Self.salt, Self.text, maxAge: .seconds(20), now: now) == "u-42")
        expect(.expired) { try Self.token.verify(Self.salt, Self.text, maxAge: .seconds(19.999), now: now) }
        #expect(try Self.token.verify(Self.salt, Self.text, maxAge: .seconds(1e300), now: now) == "u-42")
    }

    // MARK: keys

    @Test func phx_237_other_iterations_make_another_key() throws {
        var keys = TokenKeyOptions()
        keys.iterations = 1_001
        let other = Token(secretKeyBase: Self.secret, keys: keys)
        expect(.invalid) { try other.verify(Self.salt, Self.one, maxAge: .infinity) }
        keys.iterations = 1_000
        keys.length = 64
        let longer = Token(secretKeyBase: Self.secret, keys: keys)
        expect(.invalid) { try longer.verify(Self.salt, Self.one, maxAge: .infinity) }
        #expect(try longer.verify(Self.salt, try longer.sign(Self.salt, 1)) == 1)
    }

    @Test func phx_238_the_digest_is_that_of_the_key_and_not_of_the_signature() throws {
        var keys = TokenKeyOptions()
        keys.digest = .sha512
        let other = Token(secretKeyBase: Self.secret, keys: keys)
        #expect(try other.verify(Self.salt, Self.sha512, maxAge: .infinity) == "u-42")
        #expect(try other.sign(Self.salt, "u-42" as JSON, signedAt: Self.signedAt) == Self.sha512)
        expect(.invalid) { try Self.token.verify(Self.salt, Self.sha512, maxAge: .infinity) }
    }

    @Test func phx_239_an_encrypted_token_is_read() throws {
        #expect(try Self.token.decrypt(Self.salt, Self.encrypted, maxAge: .infinity) == 1)
        expect(.expired) { try Self.token.decrypt(Self.salt, Self.encrypted) }
        expect(.invalid) { try Self.token.decrypt("other", Self.encrypted, maxAge: .infinity) }
        expect(.invalid) { try Self.token.verify(Self.salt, Self.encrypted, maxAge: .infinity) }
        let ours = try Self.token.encrypt(Self.salt, ["id": 7] as JSON)
        #expect(ours.hasPrefix("XCP."))
        #expect(try Self.token.encrypt(Self.salt, ["id": 7] as JSON) != ours)
        #expect(try Self.token.decrypt(Self.salt, ours) == ["id": 7])
        for index in [4, 20, 40, 60] {
            var bytes = Array(ours.utf8)
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            expect(.invalid) { try Self.token.decrypt(Self.salt, String(decoding: bytes, as: UTF8.self)) }
        }
    }

    // MARK: ours

    @Test func data_of_ones_own_types_goes_there_and_back() throws {
        struct Claim: Codable, Equatable {
            var user: Int
            var rooms: [String]
            var until: Double?
        }
        let claim = Claim(user: 7, rooms: ["a", "b"], until: 1.5)
        let text = try Self.token.sign(Self.salt, claim)
        #expect(try Self.token.verify(Claim.self, Self.salt, text) == claim)
        #expect(try Self.token.decrypt(Claim.self, Self.salt, try Self.token.encrypt(Self.salt, claim)) == claim)
        #expect(throws: TokenError.unsupportedData) { try Self.token.verify([Int].self, Self.salt, text) }
    }

    @Test func a_weak_secret_is_refused() {
        let weak = Token(secretKeyBase: String(repeating: "a", count: 19))
        #expect(throws: TokenError.weakKey) { try weak.sign(Self.salt, 1) }
        expect(.weakKey) { try weak.verify(Self.salt, Self.one) }
    }

    // MARK: limits

    @Test func limit_tokenBytes() throws {
        let long = String(repeating: "x", count: 49_000)
        #expect(try Self.token.verify(Self.salt, try Self.token.sign(Self.salt, long)) == .string(long))
        #expect(throws: TokenError.tooLarge) {
            try Self.token.sign(Self.salt, String(repeating: "x", count: 49_200))
        }
        // A megabyte is not looked at, in either form.
        let clock = ContinuousClock()
        let flood = "SFMyNTY." + String(repeating: "A", count: 1_000_000) + ".AAAA"
        let time = clock.measure {
            for _ in 0..<100 {
                expect(.invalid) { try Self.token.verify(Self.salt, flood) }
                expect(.invalid) { try Self.token.decrypt(Self.salt, "XCP." + flood) }
            }
        }
        #expect(time < .seconds(2))
    }

    @Test func limit_tokenDepth() throws {
        func nested(_ depth: Int) -> JSON { (0..<depth).reduce(1) { json, _ in [json] } }
        let text = try Self.token.sign(Self.salt, nested(63))
        #expect(try Self.token.verify(Self.salt, text) == nested(63))
        #expect(throws: TokenError.tooLarge) { try Self.token.sign(Self.salt, nested(64)) }
    }

    @Test func limit_derivedKeys() throws {
        // More salts than keys are remembered for.
        for number in 0...300 {
            let text = try Self.token.sign("salt \(number)", number)
            #expect(try Self.token.verify(Int.self, "salt \(number)", text) == number)
        }
    }
}
