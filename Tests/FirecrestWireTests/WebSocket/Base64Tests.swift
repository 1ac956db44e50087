// Firecrest — tests of base64, written and read.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

struct Base64Tests {
    private func decode(_ text: String) -> [UInt8]? {
        Base64.decode(text.utf8.span).map { Array($0.readableBytesView) }
    }

    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func vectors(_ plain: String, _ text: String) {
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(decode(text) == Array(plain.utf8))
    }

    @Test func every_byte_at_every_place() {
        for count in [1, 2, 3, 4, 255, 256, 257] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 255 - $0) }
            #expect(decode(Base64.encode(bytes)) == bytes)
        }
        #expect(decode("+/+/") == [0xFB, 0xFF, 0xBF])
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=", "==", "===", "====", "Z===", "Zg==Zg==", "Zg==\n", " Zg==", "Zm 9", "Zm9-",
        "Zm9_", "Zm9v\0\0\0\0", "Zm8=Zm8=", "Zmü=", "[]==", "Z=g=",
    ])
    func refuses(_ text: String) {
        #expect(decode(text) == nil)
        let isValid = Base64.isValid(text.utf8.span)
        #expect(!isValid)
    }

    @Test func the_spare_bits_of_the_last_digit_do_not_matter() {
        #expect(decode("Zh==") == Array("f".utf8))
        #expect(decode("Zm9=") == Array("fo".utf8))
    }
}
