// Firecrest — an event stream, taken apart as a browser does.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The parser of WHATWG HTML §9.2.6, for UTF-8 text that comes in pieces.
struct EventStreamReader {
    struct Event: Equatable {
        /// `message` unless the stream names it.
        var name = "message"
        var data = ""
    }

    /// Of the last event that had one; sent back as `Last-Event-ID`.
    private(set) var lastID: String?

    private var line: [UInt8] = []
    private var name = ""
    private var data: [Substring] = []
    private var id: String?
    private var endedInReturn = false

    /// The events that `bytes` complete.
    mutating func read(_ bytes: ByteBuffer) -> [Event] {
        var events: [Event] = []
        for byte in bytes.readableBytesView {
            switch byte {
            case 0x0A where endedInReturn: endedInReturn = false
            case 0x0A, 0x0D:
                endedInReturn = byte == 0x0D
                if let event = endLine() { events.append(event) }
            default:
                endedInReturn = false
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        let text = Substring(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        guard !text.isEmpty else { return dispatch() }
        let colon = text.firstIndex(of: ":")
        var value = colon.map { text[text.index(after: $0)...] } ?? ""
        if value.first == " " { value = value.dropFirst() }
        switch text[..<(colon ?? text.endIndex)] {
        case "event": name = String(value)
        case "data": data.append(value)
        case "id": if !value.contains("\0") { id = String(value) }
        default: break  // Comments, `retry`, and what nobody knows.
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        defer { (name, data) = ("", []) }
        lastID = id ?? lastID
        guard !data.isEmpty else { return nil }
        return Event(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"))
    }
}
