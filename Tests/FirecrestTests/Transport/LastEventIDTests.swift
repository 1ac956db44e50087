// Firecrest — tests of the ids of event streams.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

struct LastEventIDTests {
    @Test(
        arguments: [
            (0, 0, "0000000000000000-0"),
            (0x4F1C_09D2_AB83_E650, 17, "4f1c09d2ab83e650-17"),
            (.max, .max, "ffffffffffffffff-18446744073709551615"),
        ] as [(UInt64, UInt64, String)])
    func written_and_read(_ epoch: UInt64, _ number: UInt64, _ text: String) {
        let id = LastEventID(epoch: epoch, number: number)
        #expect(id.description == text)
        #expect(LastEventID(text) == id)
        #expect(LastEventID(text[...]) == id)
        #expect(text.utf8.count <= 37)
    }

    @Test(arguments: [
        "", "-", "17", "4f1c09d2ab83e650", "4f1c09d2ab83e650-", "4f1c09d2ab83e65-17", "4f1c09d2ab83e6500-17",
        "4F1C09D2AB83E650-17", "4f1c09d2ab83e650-017", "4f1c09d2ab83e650-+1", "4f1c09d2ab83e650--1",
        "4f1c09d2ab83e650-1a", "4f1c09d2ab83e650-1 ", " 4f1c09d2ab83e650-1", "4f1c09d2ab83e650-1\r\nx: y",
        "4f1c09d2ab83e650-1\0", "4f1c09d2ab83e650-18446744073709551616",
        "4f1c09d2ab83e650-99999999999999999999999999999",
        "4f1c09d2ab83e650-1\u{301}", "4f1c09d2ab83e65\u{660}-1", "+f1c09d2ab83e650-1", "../../etc/passwd",
        "4f1c09d2ab83e650-00",
    ])
    func anything_else_is_none(_ text: String) {
        #expect(LastEventID(text) == nil)
    }

    @Test func what_is_too_long_is_not_looked_at() {
        let long = "0000000000000000-" + String(repeating: "0", count: LastEventID.maxBytes)
        #expect(LastEventID(long) == nil)
        #expect(LastEventID(String(repeating: "f", count: 1 << 20)) == nil)
    }

    @Test func another_life_and_the_future_are_not_known() {
        let id = LastEventID(epoch: 7, number: 17)
        #expect(id.isKnown(epoch: 7, newest: 17))
        #expect(id.isKnown(epoch: 7, newest: .max))
        #expect(!id.isKnown(epoch: 7, newest: 16))
        #expect(!id.isKnown(epoch: 8, newest: 17))
    }
}
