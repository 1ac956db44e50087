// Firecrest — bytes as short hex and short text.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

enum Preview {
    /// Rows of hex, at most `limit` bytes in all, each `columns` bytes wide.
    static func hexRows(_ bytes: ByteBuffer, limit: Int, columns: Int) -> [String] {
        let view = bytes.readableBytesView.prefix(limit)
        var rows: [String] = []
        var row = ""
        for (index, byte) in view.enumerated() {
            if index > 0, index % columns == 0 {
                rows.append(row)
                row = ""
            }
            row += (row.isEmpty ? "" : " ") + hex(byte)
        }
        if !row.isEmpty { rows.append(row) }
        let left = bytes.readableBytes - view.count
        if left > 0, let last = rows.popLast() { rows.append("\(last) … \(left) more") }
        return rows
    }

    /// All of it up to `limit` bytes, in one string without spaces.
    static func hex(_ bytes: ByteBuffer, limit: Int) -> String {
        bytes.readableBytesView.prefix(limit).map { hex($0) }.joined()
    }

    static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }

    /// One line of at most `limit` bytes of text, with what would spoil a terminal written as escapes.
    static func text(_ bytes: ByteBuffer, limit: Int) -> String {
        let view = bytes.readableBytesView
        var end = view.prefix(limit).endIndex
        // Not inside a character.
        while end < view.endIndex, end > view.startIndex, view[end] & 0xC0 == 0x80 { end -= 1 }
        let text = escaped(String(decoding: view[..<end], as: UTF8.self))
        let left = view.endIndex - end
        return left > 0 ? "\(text) … \(left) more bytes" : text
    }

    static func text(_ string: String, limit: Int) -> String {
        text(ByteBuffer(string: string), limit: limit)
    }

    /// Control characters as `\n` or `\u{1b}`: captured bytes must not steer the terminal.
    static func escaped(_ string: String) -> String {
        guard string.unicodeScalars.contains(where: isControl) else { return string }
        var text = ""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case let scalar where isControl(scalar): text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// C0, DEL, C1, and what turns the direction of writing.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
