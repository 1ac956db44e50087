// Firecrest — conversations written as in the protocol notes: what goes out, what comes back, in this order.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

extension TestClient {
    /// Plays a conversation, line by line:
    ///
    /// - `-> […]` sends a message of five parts in the form of this client's wire; other text is sent as it is written;
    /// - `<- […]` is the next message, likewise, compared as JSON (the order of an object's members does not count);
    /// - `<- {…}` is the next frame as it is;
    /// - `<- nothing` says that nothing has come: a heartbeat is answered first;
    /// - `<- close 1011` is the next frame too; where codes do not travel, any close.
    ///
    /// What stands in parentheses at the end of a line is for the reader.
    func play(_ transcript: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for line in transcript.split(separator: "\n") {
            var text = line.drop { $0 == " " }
            if text.last == ")", let note = text.lastIndex(of: "(") { text = text[..<note] }
            while text.last == " " { text.removeLast() }
            switch text.prefix(3) {
            case "-> ":
                let message = String(text.dropFirst(3))
                // An array that is no message is sent as it is, to see what the server says to it.
                let frame = message.first == "[" ? try? wire.frame(message) : nil
                try await sendFrame(frame ?? RawFrame(message))
            case "<- ": try await expect(String(text.dropFirst(3)), sourceLocation)
            default: throw TestFailure("a line begins with -> or <-, not: \(line)")
            }
        }
    }

    private func expect(_ text: String, _ sourceLocation: SourceLocation) async throws {
        if text == "nothing" {
            try await send(#"[null,"quiet?","phoenix","heartbeat",{}]"#)
            let reply = #"[null,"quiet?","phoenix","phx_reply",{"status":"ok","response":{}}]"#
            return try await expect(reply, sourceLocation)
        }
        let frame: ReceivedFrame
        do {
            frame = try await receive()
        } catch {
            Issue.record("\(text) was expected, not: \(error)", sourceLocation: sourceLocation)
            throw error
        }
        let isExpected: Bool
        switch (frame, text.first) {
        case (.close(let code, _), _):
            isExpected = wire.carrier.hasCloseCodes ? text == "close \(code ?? 0)" : text.hasPrefix("close ")
        case (.text(let received), "{"): isExpected = try (try? Self.json(received)) == Self.json(text)
        case (_, "["):
            let expected = try Wire.v2.message(.text(text)).map(wire.normalized)
            isExpected = (try? wire.message(frame)) == expected
        default: isExpected = false
        }
        guard isExpected else {
            Issue.record("\(text) was expected, not: \(frame)", sourceLocation: sourceLocation)
            throw TestFailure("the conversation went another way")
        }
    }

    private static func json(_ text: String) throws -> JSON {
        try JSON(parsing: ByteBuffer(string: text))
    }
}

extension Payload {
    /// A binary payload of these bytes.
    static func bytes(_ bytes: UInt8...) -> Payload { .binary(ByteBuffer(bytes: bytes)) }

    /// The JSON that a client sent, whether it came as text or as the data of a binary frame.
    func json() throws -> JSON { try JSON(parsing: bytes) }
}
