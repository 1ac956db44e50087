// Firecrest — tests: the bytes of the desk, its limits, and who wins
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Testing

@testable import FirecrestCLI

@Suite struct DeskTests {
    private func binary(_ bytes: [UInt8]) -> Payload { .binary(bytes) }

    @Test func aMoveIsToldOnce() throws {
        let desk = Desk()
        let seat = try #require(desk.enter(as: "Ada"))
        #expect(desk.move(seat, binary([0x12, 0x34, 0xFF, 0xFE])))
        #expect(desk.movedCursors() == [1, 0x12, 0x34, 0xFF, 0xFE, 3] + Array("Ada".utf8))
        #expect(desk.movedCursors() == nil)
    }

    @Test func aCursorGoesWithItsSeat() {
        let desk = Desk()
        let first = desk.enter(as: "a")
        do {
            let second = desk.enter(as: "b")
            #expect(desk.movedCursors()?.count == 14)
            withExtendedLifetime(second) {}
        }
        #expect(desk.movedCursors()?.first == 1)
        withExtendedLifetime(first) {}
    }

    @Test func aNameIsCutBetweenCharactersAndHasNoControls() {
        let desk = Desk()
        let seat = desk.enter(as: "\u{1B}[2J" + String(repeating: "ü", count: 100))
        let cursors = desk.movedCursors() ?? []
        #expect(cursors.count == 6 + Int(cursors[5]))
        #expect(Int(cursors[5]) <= Desk.maxNameBytes)
        #expect(String(decoding: cursors.dropFirst(6), as: UTF8.self) == "[2J" + String(repeating: "ü", count: 18))
        withExtendedLifetime(seat) {}
    }

    @Test func theLastWriterOfALineWins() {
        let desk = Desk()
        #expect(desk.write(binary([2] + Array("one".utf8))) == [0, 0, 0, 1])
        #expect(desk.write(binary([2] + Array("two".utf8))) == [0, 0, 0, 2])
        #expect(desk.changedLines() == [2, 0, 0, 0, 2, 3] + Array("two".utf8))
        #expect(desk.changedLines() == nil)
        #expect(desk.text.count == 8 * 6 + 3)
    }

    @Test(arguments: [
        [], [8, 65], [0, 0xFF], [0, 10], [0] + [UInt8](repeating: 65, count: Desk.maxLineBytes + 1),
    ])
    func whatIsNotALineIsRefused(_ bytes: [UInt8]) {
        let desk = Desk()
        #expect(desk.write(binary(bytes)) == nil)
        #expect(desk.changedLines() == nil)
    }

    @Test func theLongestLineIsTakenAndJSONIsNot() throws {
        let desk = Desk()
        #expect(desk.write(binary([0] + [UInt8](repeating: 65, count: Desk.maxLineBytes))) != nil)
        #expect(desk.write(.empty) == nil)
        let seat = try #require(desk.enter(as: ""))
        #expect(!desk.move(seat, .empty))
        #expect(!desk.move(seat, binary([1, 2, 3])))
    }

    @Test func sixtyFourSitAtTheDesk() {
        let desk = Desk()
        let seats = (0..<64).compactMap { desk.enter(as: "\($0)") }
        #expect(seats.count == 64)
        #expect(desk.enter(as: "late") == nil)
    }
}
