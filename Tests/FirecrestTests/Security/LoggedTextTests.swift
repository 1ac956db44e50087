// Firecrest — tests of client text in logs.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

@Suite struct LoggedTextTests {
    @Test func control_characters_and_what_ends_or_turns_a_line_are_replaced() {
        #expect("a\r\nb\u{0}c\u{1B}[31m\u{7F}\u{85}\u{2028}\u{202E}é".forLog() == "a??b?c?[31m????é")
    }

    @Test func length_is_bounded() {
        #expect(String(repeating: "x", count: 200).forLog() == String(repeating: "x", count: 200))
        #expect(String(repeating: "x", count: 8_000).forLog() == String(repeating: "x", count: 200) + "…")
        // Marks that pile up on one character count too.
        #expect(("e" + String(repeating: "\u{301}", count: 8_000)).forLog(10).unicodeScalars.count == 11)
    }
}
