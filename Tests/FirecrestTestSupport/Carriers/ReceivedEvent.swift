// Firecrest — reads an event stream by the rules of HTML §9.2.6, and keeps what an EventSource would not show.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// One thing that a stream said.
package enum StreamItem: Sendable, Hashable {
    case event(ReceivedEvent)
    /// A line that begins with a colon, without it.
    case comment(String)
    /// How long a client shall wait before it connects again, in milliseconds.
    case retry(Int)
}

/// An event that an EventSource would dispatch.
package struct ReceivedEvent: Sendable, Hashable {
    /// `message` when the stream named none.
    package var name: String
    package var data: String
    /// The `id` field of this event itself; nil when it had none.
    package var id: String?

    package init(_ name: String, _ data: String, id: String? = nil) {
        self.name = name
        self.data = data
        self.id = id
    }
}

/// Lines end in LF or CR LF; a CR alone is not what our server sends, and is an error here.
package struct EventReader: Sendable {
    private var name: String?
    private var data: [String] = []
    private var id: String?

    package init() {}

    /// Takes the next item off the front of `bytes`.
    package mutating func next(_ bytes: inout ByteBuffer) throws -> StreamItem? {
        while let taken = bytes.readText(through: "\n") {
            // "\r\n" is one Character, and only in this view two.
            var scalars = taken.unicodeScalars
            scalars.removeLast()
            if scalars.last == "\r" { scalars.removeLast() }
            guard !scalars.contains("\r") else { throw TestFailure("a line of a stream holds a CR: \(taken)") }
            if let item = try line(String(scalars)) { return item }
        }
        return nil
    }

    private mutating func line(_ line: String) throws -> StreamItem? {
        if line.isEmpty {
            defer { (name, data, id) = (nil, [], nil) }
            guard !data.isEmpty else { return nil }
            return .event(ReceivedEvent(name ?? "message", data.joined(separator: "\n"), id: id))
        }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? String(parts[1]) : ""
        if parts[0].isEmpty { return .comment(value) }
        if value.unicodeScalars.first == " " { value.unicodeScalars.removeFirst() }
        switch parts[0] {
        case "event": name = value
        case "data": data.append(value)
        case "id": id = value
        case "retry":
            guard let milliseconds = Int(value) else { throw TestFailure("no time to retry after: \(line)") }
            return .retry(milliseconds)
        default: throw TestFailure("an event stream has no such field: \(line)")
        }
        return nil
    }
}
