// Firecrest — a field of dots that are steered, and a berry for the one that gets there first.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOConcurrencyHelpers
import NIOCore

/// The world of the game. Its length unit is 1/1,600 of its width.
///
/// **The bytes of a frame.** Numbers are big-endian: tick 4, then the berry: x 2, y 2, then of each dot: number 1, x 2, y 2,
/// berries eaten 1.
final class Field: Sendable {
    static let width = 1_600.0
    static let height = 1_000.0
    private static let radius = 22.0
    /// A second.
    private static let speed = 520.0
    /// How much of the way to the wanted speed is made in a tick.
    private static let grip = 0.25

    private struct Place {
        var x = Double.random(in: 100...(Field.width - 100))
        var y = Double.random(in: 100...(Field.height - 100))

        var bytes: [UInt8] { UInt16(x).bytes + UInt16(y).bytes }
    }

    private struct Dot {
        var place = Place()
        var velocity = (x: 0.0, y: 0.0)
        var wanted = (x: 0.0, y: 0.0)
        var berries: UInt8 = 0
    }

    private struct State {
        var dots: [Int: Dot] = [:]
        var berry = Place()
        var tick: UInt32 = 0
    }

    let seats = Seats(limit: 64)
    private let state = NIOLockedValueBox(State())

    /// nil when the field is full.
    func enter() -> Seat? {
        seats.take(
            come: { number in state.withLockedValue { $0.dots[number] = Dot() } },
            gone: { [state] number in state.withLockedValue { $0.dots[number] = nil } })
    }

    /// Sets where a dot is to go; a message of another layout is passed over.
    func steer(_ seat: Seat, _ message: Payload) {
        var bytes = message.bytes
        guard message.kind == .binary, bytes.readableBytes == 2,
            let (right, down) = bytes.readMultipleIntegers(as: (Int8, Int8).self)
        else { return }
        let (x, y) = (Double(right) / 127, Double(down) / 127)
        let length = max(1, (x * x + y * y).squareRoot())
        state.withLockedValue { $0.dots[seat.number]?.wanted = (x / length, y / length) }
    }

    /// Moves everything by a tick and says where it is.
    func moved() -> [UInt8] {
        state.withLockedValue { state in
            state.tick &+= 1
            for number in state.dots.keys.sorted() {
                guard var dot = state.dots[number] else { continue }
                Self.move(&dot)
                let (x, y) = (dot.place.x - state.berry.x, dot.place.y - state.berry.y)
                if x * x + y * y < 4 * Self.radius * Self.radius {
                    dot.berries = dot.berries == .max ? .max : dot.berries + 1
                    state.berry = Place()
                }
                state.dots[number] = dot
            }
            let dots = state.dots.sorted { $0.key < $1.key }.flatMap { number, dot in
                [UInt8(number)] + dot.place.bytes + [dot.berries]
            }
            return state.tick.bytes + state.berry.bytes + dots
        }
    }

    private static func move(_ dot: inout Dot) {
        dot.velocity.x += (dot.wanted.x * speed - dot.velocity.x) * grip
        dot.velocity.y += (dot.wanted.y * speed - dot.velocity.y) * grip
        // What is let go comes to rest, and does not creep for ever.
        if dot.wanted == (0, 0), abs(dot.velocity.x) + abs(dot.velocity.y) < 8 { dot.velocity = (0, 0) }
        let step = 1 / Double(ticksPerSecond)
        dot.place.x = min(max(dot.place.x + dot.velocity.x * step, radius), width - radius)
        dot.place.y = min(max(dot.place.y + dot.velocity.y * step, radius), height - radius)
    }
}
