// Firecrest — a desk with everybody's cursor and a text of eight lines.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOConcurrencyHelpers
import NIOCore

/// **The bytes.** Numbers are big-endian. A place is two numbers of two bytes, 0 to 65,535 over the width and the height.
///
///     to the server    move     x 2, y 2
///                      write    line 1, text…
///     to the clients   cursors  of each: number 1, x 2, y 2, length of the name 1, name…
///                      lines    of each that changed: line 1, version 4, length of the text 1, text…
///     answers          join     own number 1, then all lines as in `lines`
///                      write    version 4
///
/// **Who wins.** The last writer of a line, as the server sees it: it numbers the writes of each line, and clients keep the
/// text with the highest version. So all end with the same text, in whatever order the messages of two loops arrive.
final class Desk: Sendable {
    static let lines = 8
    /// Bytes of UTF-8.
    static let maxLineBytes = 120
    static let maxNameBytes = 40
    static let misread: JSON = ["reason": "not in the layout of the desk"]

    private struct Cursor {
        var x: UInt16 = 32_768
        var y: UInt16 = 32_768
        let name: [UInt8]
    }

    private struct Line {
        var version: UInt32 = 0
        var text: [UInt8] = []
        var isChanged = false
    }

    private struct State {
        var cursors: [Int: Cursor] = [:]
        var lines = [Line](repeating: Line(), count: Desk.lines)
        var sent: [UInt8] = []
    }

    let seats = Seats(limit: 64)
    private let state = NIOLockedValueBox(State())

    /// nil when the desk is full.
    func enter(as name: String) -> Seat? {
        let cursor = Cursor(name: Self.clipped(name))
        return seats.take(
            come: { number in state.withLockedValue { $0.cursors[number] = cursor } },
            gone: { [state] number in state.withLockedValue { $0.cursors[number] = nil } })
    }

    private static func clipped(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for scalar in name.unicodeScalars where !scalar.properties.isNoncharacterCodePoint && scalar.value >= 0x20 {
            guard bytes.count + UTF8.width(scalar) <= maxNameBytes else { break }
            bytes += UTF8.encode(scalar).map(Array.init) ?? []
        }
        return bytes
    }

    /// Whether the message was in the layout.
    func move(_ seat: Seat, _ message: Payload) -> Bool {
        var bytes = message.bytes
        guard message.kind == .binary, bytes.readableBytes == 4,
            let (x, y) = bytes.readMultipleIntegers(as: (UInt16, UInt16).self)
        else { return false }
        state.withLockedValue {
            $0.cursors[seat.number]?.x = x
            $0.cursors[seat.number]?.y = y
        }
        return true
    }

    /// The version that the line has now, as bytes; nil for a message that is not in the layout.
    func write(_ message: Payload) -> [UInt8]? {
        var bytes = message.bytes
        guard message.kind == .binary, let line = bytes.readInteger(as: UInt8.self).map(Int.init), line < Self.lines,
            bytes.readableBytes <= Self.maxLineBytes,
            let text = String(validating: bytes.readableBytesView, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 })
        else { return nil }
        return state.withLockedValue { state in
            state.lines[line].version &+= 1
            state.lines[line].text = Array(text.utf8)
            state.lines[line].isChanged = true
            return state.lines[line].version.bytes
        }
    }

    /// All lines, in the layout of `lines`.
    var text: [UInt8] {
        state.withLockedValue { state in state.lines.indices.flatMap { Self.bytes(of: $0, in: state) } }
    }

    /// All cursors, when one of them moved, came or went since this was asked last.
    func movedCursors() -> [UInt8]? {
        state.withLockedValue { state in
            let bytes = state.cursors.sorted { $0.key < $1.key }.flatMap { number, cursor in
                [UInt8(number)] + cursor.x.bytes + cursor.y.bytes + [UInt8(cursor.name.count)] + cursor.name
            }
            guard bytes != state.sent else { return nil }
            state.sent = bytes
            return bytes
        }
    }

    /// The lines that were written since this was asked last; nil when there is none.
    func changedLines() -> [UInt8]? {
        state.withLockedValue { state in
            var bytes: [UInt8] = []
            for index in state.lines.indices where state.lines[index].isChanged {
                state.lines[index].isChanged = false
                bytes += Self.bytes(of: index, in: state)
            }
            return bytes.isEmpty ? nil : bytes
        }
    }

    private static func bytes(of index: Int, in state: State) -> [UInt8] {
        let line = state.lines[index]
        return [UInt8(index)] + line.version.bytes + [UInt8(line.text.count)] + line.text
    }
}

extension FixedWidthInteger {
    /// Big-endian.
    var bytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
