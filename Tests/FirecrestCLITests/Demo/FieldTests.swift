// Firecrest — tests: dots go where they are steered, stay on the field, and come to rest
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Testing

@testable import FirecrestCLI

@Suite struct FieldTests {
    /// Places by number.
    private func dots(_ frame: [UInt8]) -> [UInt8: (x: Int, y: Int)] {
        var dots: [UInt8: (x: Int, y: Int)] = [:]
        for at in stride(from: 8, to: frame.count, by: 6) {
            dots[frame[at]] = (
                Int(frame[at + 1]) << 8 | Int(frame[at + 2]), Int(frame[at + 3]) << 8 | Int(frame[at + 4])
            )
        }
        return dots
    }

    private func bytes(_ right: Int8, _ down: Int8) -> Payload {
        .binary([UInt8(bitPattern: right), UInt8(bitPattern: down)])
    }

    @Test func aDotGoesToTheWallAndNoFurther() throws {
        let field = Field()
        let seat = try #require(field.enter())
        field.steer(seat, bytes(127, -128))
        var frame: [UInt8] = []
        for _ in 0..<300 { frame = field.moved() }
        let place = try #require(dots(frame)[1])
        #expect(place.x == Int(Field.width) - 22)
        #expect(place.y == 22)
    }

    @Test func whatIsLetGoComesToRest() throws {
        let field = Field()
        let seat = try #require(field.enter())
        field.steer(seat, bytes(127, 0))
        for _ in 0..<5 { _ = field.moved() }
        field.steer(seat, bytes(0, 0))
        for _ in 0..<30 { _ = field.moved() }
        let place = try #require(dots(field.moved())[1])
        #expect(try #require(dots(field.moved())[1]) == place)
    }

    @Test func messagesOfAnotherLayoutSteerNothing() throws {
        let field = Field()
        let seat = try #require(field.enter())
        let start = try #require(dots(field.moved())[1])
        field.steer(seat, .empty)
        field.steer(seat, .binary([127]))
        field.steer(seat, .binary([127, 0, 0]))
        #expect(try #require(dots(field.moved())[1]) == start)
    }

    @Test func berriesGoToWhoReachesThem() throws {
        let field = Field()
        let seat = try #require(field.enter())
        var frame = field.moved()
        for _ in 0..<3_000 where frame[13] == 0 {
            let berry = (x: Int(frame[4]) << 8 | Int(frame[5]), y: Int(frame[6]) << 8 | Int(frame[7]))
            let dot = try #require(dots(frame)[1])
            field.steer(seat, bytes(Int8(clamping: berry.x - dot.x), Int8(clamping: berry.y - dot.y)))
            frame = field.moved()
        }
        #expect(frame[13] == 1)
    }

    @Test func sixtyFourPlayAndAreGoneWithTheirSeats() {
        let field = Field()
        var seats = (0..<64).compactMap { _ in field.enter() }
        #expect(seats.count == 64)
        #expect(field.enter() == nil)
        #expect(field.moved().count == 8 + 64 * 6)
        seats = []
        #expect(field.moved().count == 8)
    }
}
