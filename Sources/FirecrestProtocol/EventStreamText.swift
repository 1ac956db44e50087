// Firecrest — the lines of an event stream, written so that no content can make a line of its own.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

/// The text of `text/event-stream` (HTML Living Standard, "Server-sent events", §9.2.5 and §9.2.6).
///
/// A line ends with LF. CR, LF and CRLF all end lines for a reader, so none of them is ever written as a part of a value:
/// a name or an id has them percent-encoded, data has a further `data:` line at each. Behind the colon stands one space,
/// which a reader takes away: a value that begins with spaces keeps them.
package enum EventStreamText {
    /// A comment, which readers skip: what is sent so that a quiet stream is known to be alive.
    package static let heartbeat = ByteBuffer(string: ":\n\n")

    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
}

extension ByteBuffer {
    /// `retry: …`: how long a browser waits before it connects again.
    package mutating func writeEventStreamRetry(milliseconds: Int64) {
        writeString("retry: \(milliseconds)\n\n")
    }

    /// `id: …`. An id must hold no NUL, or a reader ignores it; it is escaped like a name.
    package mutating func writeEventStreamID(_ id: String) {
        writeStaticString("id: ")
        writeEventStreamName(id)
    }

    /// `event: …`. CR, LF and NUL become `%0D`, `%0A` and `%00`; anything else, `%` too, stays as it is.
    ///
    /// An empty name means what no name means: a reader takes it for `message`.
    package mutating func writeEventStreamEvent(_ name: String) {
        writeStaticString("event: ")
        writeEventStreamName(name)
    }

    /// The `data:` lines of a text. A reader puts LF between them, whatever stood there before.
    package mutating func writeEventStreamData(_ text: ByteBuffer) {
        let bytes = text.readableBytesView
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(where: {
            $0 == EventStreamText.lineFeed || $0 == EventStreamText.carriageReturn
        }) {
            writeEventStreamDataLine(bytes[start..<end])
            start = bytes.index(after: end)
            // CRLF is one end of line.
            if bytes[end] == EventStreamText.carriageReturn, start < bytes.endIndex,
                bytes[start] == EventStreamText.lineFeed
            {
                start = bytes.index(after: start)
            }
        }
        writeEventStreamDataLine(bytes[start...])
    }

    /// One `data:` line with bytes in base64 (RFC 4648 §4).
    package mutating func writeEventStreamData(base64 bytes: ByteBuffer, prefix: StaticString = "") {
        writeStaticString("data: ")
        writeStaticString(prefix)
        writeBase64(bytes.readableBytesUInt8Span)
        writeInteger(EventStreamText.lineFeed)
    }

    /// The empty line that makes a reader dispatch the event.
    package mutating func writeEventStreamEnd() {
        writeInteger(EventStreamText.lineFeed)
    }

    private mutating func writeEventStreamDataLine(_ line: ByteBufferView) {
        writeStaticString("data: ")
        writeBytes(line)
        writeInteger(EventStreamText.lineFeed)
    }

    private mutating func writeEventStreamName(_ name: String) {
        for byte in name.utf8 {
            switch byte {
            case EventStreamText.lineFeed: writeStaticString("%0A")
            case EventStreamText.carriageReturn: writeStaticString("%0D")
            case 0: writeStaticString("%00")
            default: writeInteger(byte)
            }
        }
        writeInteger(EventStreamText.lineFeed)
    }
}
