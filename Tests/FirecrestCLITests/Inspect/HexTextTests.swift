// Firecrest — hex as people write it
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("inspect: hex")
struct HexTextTests {
    @Test(
        "forms that are taken",
        arguments: [
            "8105", "81 05", "81:05", "0x81, 0x05", "0x8105", #"\x81\x05"#, "81-05\n",
            "8 1 05".replacing("8 1", with: "81"),
        ])
    func reads(text: String) throws {
        #expect(Array(try HexText.bytes(text.utf8).readableBytesView) == [0x81, 0x05])
    }

    @Test("forms that are not", arguments: ["8", "8g", "8 105", "x81", "1x05", "81 0", "héx"])
    func refuses(text: String) {
        #expect(throws: HexText.Failure.self) { try HexText.bytes(text.utf8) }
    }

    @Test("hex text is told from raw bytes")
    func detects() {
        #expect(HexText.isHex(ByteBuffer(string: "81 05 48\n")))
        #expect(!HexText.isHex(ByteBuffer(bytes: [0x81, 0x05])))
        #expect(!HexText.isHex(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n")))
        #expect(!HexText.isHex(ByteBuffer(string: "\n")))
    }
}
