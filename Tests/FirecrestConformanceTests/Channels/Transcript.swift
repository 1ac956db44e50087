// Firecrest — conversations written as in the protocol notes: what goes out, what comes back, in this order.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

extension TestClient {
    /// Plays a conversation, line by line:
    ///
    /// - `-> …` sends a text message as it is written;
    /// - `<- …` is the next frame, compared as JSON (the order of an object's members does not count);
    /// - `<- nothing` says that nothing has come: a heartbeat is answered first;
    /// - `<- close 1011` is the next frame too.
    ///
    /// What stands in parentheses at the end of a line is for the reader.
    func play(_ transcript: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        for line in transcript.split(separator: "\n") {
            var text = line.drop { $0 == " " }
            if text.last == ")", let note = text.lastIndex(of: "(") { text = text[..<note] }
            while text.last == " " { text.removeLast() }
            switch text.prefix(3) {
            case "-> ": try await sendText(String(text.dropFirst(3)))
            case "<- ": try await expect(String(text.dropFirst(3)), sourceLocation)
            default: throw TestFailure("a line begins with -> or <-, not: \(line)")
            }
        }
    }

    private func expect(_ text: String, _ sourceLocation: SourceLocation) async throws {
        if text == "nothing" {
            let reply = #"[null,"quiet?","phoenix","phx_reply",{"status":"ok","response":{}}]"#
            try await sendText(#"[null,"quiet?","phoenix","heartbeat",{}]"#)
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
        switch frame {
        case .text(let received):
            isExpected = try (try? Self.json(received)) == Self.json(text)
        case .close(let code, _): isExpected = text == "close \(code ?? 0)"
        default: isExpected = false
        }
        guard isExpected else {
            Issue.record("\(text) was expected, not: \(frame)", sourceLocation: sourceLocation)
            throw TestFailure("the conversation went another way")
        }
    }

    /// nil stands for text that is only expected, such as `close 1011`.
    private static func json(_ text: String) throws -> JSON? {
        guard text.first == "[" || text.first == "{" else { return nil }
        return try JSON(parsing: ByteBuffer(string: text))
    }

    /// Sends several messages in one write, so that the server reads them together.
    func sendTogether(_ messages: [String]) async throws {
        var bytes = ByteBuffer()
        for message in messages { bytes.writeImmutableBuffer(RawFrame(message).bytes) }
        try await sendBytes(bytes)
    }
}

extension Payload {
    /// A binary payload of these bytes.
    static func bytes(_ bytes: UInt8...) -> Payload { .binary(ByteBuffer(bytes: bytes)) }
}
