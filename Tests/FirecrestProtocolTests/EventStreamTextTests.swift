// Firecrest — the lines of an event stream, read back by the standard's rules
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Event stream text")
struct EventStreamTextTests {
    private func stream(_ write: (inout ByteBuffer) -> Void) -> ByteBuffer {
        var buffer = ByteBuffer()
        write(&buffer)
        return buffer
    }

    private func event(id: String? = nil, name: String? = nil, data: String) -> ByteBuffer {
        stream {
            if let id { $0.writeEventStreamID(id) }
            if let name { $0.writeEventStreamEvent(name) }
            $0.writeEventStreamData(ByteBuffer(string: data))
            $0.writeEventStreamEnd()
        }
    }

    @Test("an event is its lines and an empty one")
    func lines() {
        #expect(
            String(buffer: event(id: "7", name: "new_msg", data: "{}")) == "id: 7\nevent: new_msg\ndata: {}\n\n")
        #expect(String(buffer: stream { $0.writeEventStreamRetry(milliseconds: 2_000) }) == "retry: 2000\n\n")
        #expect(String(buffer: EventStreamText.heartbeat) == ":\n\n")
    }

    @Test(
        "data comes back as it was, with LF for every end of line",
        arguments: [
            ("", ""), ("a", "a"), (" a", " a"), ("  ", "  "), (":a", ":a"), ("a\nb", "a\nb"), ("a\rb", "a\nb"),
            ("a\r\nb", "a\nb"), ("a\n\rb", "a\n\nb"), ("a\r\r\nb", "a\n\nb"), ("\n", "\n"), ("\r\n", "\n"),
            ("a\n\n", "a\n\n"), ("data: b\nid: 9\n\nevent: c", "data: b\nid: 9\n\nevent: c"), ("a\u{0}b", "a\u{0}b"),
            ("é\r\u{301}", "é\n\u{301}"), ("\u{FEFF}x", "\u{FEFF}x"), ("a\u{2028}b\u{85}c", "a\u{2028}b\u{85}c"),
        ])
    func data(text: String, expected: String) {
        let events = EventStreamReader.events(in: event(id: "1", data: text).readableBytesView)
        #expect(events == [.init(type: "message", data: expected, lastEventID: "1")])
    }

    @Test(
        "a name or an id makes no line of its own",
        arguments: [
            ("a\nb", "a%0Ab"), ("a\rb", "a%0Db"), ("a\r\nb", "a%0D%0Ab"), ("a\u{0}b", "a%00b"), (" a", " a"),
            ("x\n\ndata: evil\n\n", "x%0A%0Adata: evil%0A%0A"), ("a%0Ab", "a%0Ab"), ("\r", "%0D"), ("é", "é"),
        ])
    func names(name: String, expected: String) {
        let events = EventStreamReader.events(in: event(id: name, name: name, data: "d").readableBytesView)
        #expect(events == [.init(type: expected, data: "d", lastEventID: expected)])
    }

    @Test("an empty name is none")
    func emptyName() {
        let events = EventStreamReader.events(in: event(name: "", data: "d").readableBytesView)
        #expect(events.map(\.type) == ["message"])
    }

    @Test("whatever stands in an event, a stream of events has as many as were written, each with its data")
    func anything() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = [
            "\n", "\r", "\r\n", "\u{0}", ":", " ", "data: x", "event: y", "id: z", "retry: 1", "é", "a", "\u{FEFF}",
        ]
        for _ in 0..<300 {
            let texts = (0..<4).map { _ in
                (0..<Int.random(in: 0...6, using: &generator)).compactMap { _ in
                    alphabet.randomElement(using: &generator)
                }
                .joined()
            }
            let buffer = stream { buffer in
                buffer.writeEventStreamRetry(milliseconds: 5)
                for text in texts {
                    buffer.writeImmutableBuffer(event(id: text, name: "n" + text, data: text))
                    buffer.writeImmutableBuffer(EventStreamText.heartbeat)
                }
            }
            let reader = EventStreamReader(buffer.readableBytesView)
            #expect(reader.reconnectionTime == 5)
            let expected = texts.map { text in
                // As bytes: CR and LF side by side are one character of Swift.
                let normal = String(decoding: normalized(Array(text.utf8)), as: UTF8.self)
                return EventStreamReader.Event(type: "n" + escaped(text), data: normal, lastEventID: escaped(text))
            }
            #expect(reader.events == expected, "\(texts.debugDescription)")
        }
    }

    private func normalized(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
            result.append(byte == 0x0D ? 0x0A : byte)
        }
        return result
    }

    private func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\n": "%0A"
            case "\r": "%0D"
            case "\u{0}": "%00"
            default: String(scalar)
            }
        }.joined()
    }

    @Test("bytes are base64 with padding", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")])
    func base64(text: String, expected: String) {
        let buffer = stream { $0.writeEventStreamData(base64: ByteBuffer(string: text), prefix: "base64:") }
        #expect(String(buffer: buffer) == "data: base64:\(expected)\n")
    }
}
