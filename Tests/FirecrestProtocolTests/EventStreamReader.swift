// Firecrest — a reader of event streams by the words of the standard, to check the writer with
// SPDX-License-Identifier: Apache-2.0

/// "Interpreting an event stream" of the HTML Living Standard (§9.2.6), step by step, on code units. It shares nothing
/// with the code that writes.
struct EventStreamReader {
    struct Event: Equatable {
        var type: String
        var data: String
        var lastEventID: String
    }

    private(set) var events: [Event] = []
    private(set) var reconnectionTime: Int?
    private var dataBuffer: [UInt8] = []
    private var typeBuffer: [UInt8] = []
    private var idBuffer: [UInt8] = []

    static func events(in stream: some Sequence<UInt8>) -> [Event] {
        EventStreamReader(stream).events
    }

    init(_ stream: some Sequence<UInt8>) {
        var bytes = Array(stream)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var line: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
            if byte == 0x0D || byte == 0x0A {
                process(line)
                line = []
            } else {
                line.append(byte)
            }
        }
        // What has no end of line, or no empty line behind it, is dropped.
    }

    private mutating func process(_ line: [UInt8]) {
        if line.isEmpty { return dispatch() }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return field(line, []) }
        if colon == 0 { return }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        field(Array(line[..<colon]), Array(value))
    }

    private mutating func field(_ name: [UInt8], _ value: [UInt8]) {
        switch String(decoding: name, as: UTF8.self) {
        case "event": typeBuffer = value
        case "data":
            dataBuffer += value
            dataBuffer.append(0x0A)
        case "id": if !value.contains(0) { idBuffer = value }
        case "retry":
            if value.allSatisfy({ (0x30...0x39).contains($0) }) {
                reconnectionTime = Int(String(decoding: value, as: UTF8.self))
            }
        default: break
        }
    }

    private mutating func dispatch() {
        defer {
            dataBuffer = []
            typeBuffer = []
        }
        guard !dataBuffer.isEmpty else { return }
        if dataBuffer.last == 0x0A { dataBuffer.removeLast() }
        let type = typeBuffer.isEmpty ? "message" : String(decoding: typeBuffer, as: UTF8.self)
        events.append(
            Event(
                type: type, data: String(decoding: dataBuffer, as: UTF8.self),
                lastEventID: String(decoding: idBuffer, as: UTF8.self)))
    }
}
