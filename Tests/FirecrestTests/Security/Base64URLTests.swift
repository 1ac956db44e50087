// Firecrest — tests of base64url, against the vectors of RFC 4648 and against its own strictness.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

@Suite struct Base64URLTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func the_vectors_of_the_rfc_hold(_ plain: String, _ encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test func the_last_two_digits_are_safe_in_urls() {
        #expect(Base64URL.encode([0xFB, 0xEF, 0xFF]) == "--__")
        #expect(Base64URL.decode("--__".utf8) == [0xFB, 0xEF, 0xFF])
    }

    @Test(arguments: ["Z", "Zg=", "Zg==", "Zh", "Zm9", "++//", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9vZ", "é", "\u{0}\u{0}"])
    func other_texts_are_refused(_ text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}
