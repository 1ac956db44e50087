// Firecrest — HChaCha20 and XChaCha20-Poly1305 against the vectors of their draft.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Testing

@testable import Firecrest

@Suite struct HChaCha20Tests {
    /// draft-irtf-cfrg-xchacha-03 §2.2.1.
    @Test func the_drafts_vector() throws {
        let key = (0..<32).map { UInt8($0) }
        let nonce = try bytes("000000090000004a0000000031415927")
        let expected = try bytes("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")
        #expect(HChaCha20.subkey(key, nonce: nonce) == expected)
    }

    @Test func other_sizes_make_no_key() {
        #expect(HChaCha20.subkey(Array(repeating: 0, count: 31), nonce: Array(repeating: 0, count: 16)) == nil)
        #expect(HChaCha20.subkey(Array(repeating: 0, count: 32), nonce: Array(repeating: 0, count: 15)) == nil)
    }

    /// draft-irtf-cfrg-xchacha-03 §A.3.1: the whole of XChaCha20-Poly1305, put together as in `EncryptedMessage`.
    @Test func the_drafts_vector_of_the_whole() throws {
        let key = (0x80..<0xA0).map { UInt8($0) }
        let nonce = (0x40..<0x58).map { UInt8($0) }
        let subkey = try #require(HChaCha20.subkey(key, nonce: Array(nonce[..<16])))
        let text =
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
        let box = try ChaChaPoly.seal(
            Array(text.utf8), using: SymmetricKey(data: subkey),
            nonce: ChaChaPoly.Nonce(data: [0, 0, 0, 0] + nonce[16...]),
            authenticating: try bytes("50515253c0c1c2c3c4c5c6c7"))
        #expect(Array(box.tag) == (try bytes("c0875924c1c7987947deafd8780acf49")))
        #expect(Array(box.ciphertext.prefix(16)) == (try bytes("bd6d179d3e83d43b9576579493c0e939")))
    }

    private func bytes(_ hex: String) throws -> [UInt8] {
        let digits = Array(hex.utf8)
        return try stride(from: 0, to: digits.count, by: 2).map { index in
            try #require(UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16))
        }
    }
}
