// Firecrest — tests of replies written in one go.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite struct ReplyWriterTests {
    private func reply(
        joinRef: String = "\"1\"", ref: String = "\"2\"", topic: String = "room:1", status: String = "ok",
        response: String = "{}", behind prefix: String = ""
    ) -> String {
        var buffer = ByteBuffer(string: prefix)
        ReplyWriter.write(
            joinRef: joinRef.utf8.span, ref: ref.utf8.span, topic: topic.utf8.span, status: status.utf8.span,
            response: response.utf8.span, into: &buffer)
        return String(buffer: buffer)
    }

    @Test func the_parts_stand_where_they_belong() {
        #expect(reply() == #"["1","2","room:1","phx_reply",{"status":"ok","response":{}}]"#)
        #expect(
            reply(joinRef: "null", ref: "17", topic: "", status: "", response: "[1, 2]")
                == #"[null,17,"","phx_reply",{"status":"","response":[1, 2]}]"#)
    }

    @Test func what_is_in_the_buffer_stays() {
        #expect(reply(behind: "before ") == #"before ["1","2","room:1","phx_reply",{"status":"ok","response":{}}]"#)
    }

    @Test func topic_and_status_are_escaped() {
        #expect(
            reply(topic: "a\"b\\c\n", status: "\u{1}")
                == #"["1","2","a\"b\\c\n","phx_reply",{"status":"\u0001","response":{}}]"#)
    }

    @Test func its_length_is_known_before() {
        let parts = ["null", "\"1234567\"", "room:lobby", "error", #"{"reason":"none"}"#]
        let text = reply(joinRef: parts[0], ref: parts[1], topic: parts[2], status: parts[3], response: parts[4])
        #expect(text.utf8.count == ReplyWriter.frameBytes + parts.reduce(0) { $0 + $1.utf8.count })
    }

    @Test(arguments: [0, 10, 60, 70, 71, 80, 65_400, 65_480, 65_490, 70_000])
    func a_frame_is_the_text_with_its_header(length: Int) {
        let response = "\"\(String(repeating: "x", count: length))\""
        var frame = ByteBuffer(string: "before")
        let isWritten = ReplyWriter.writeFrame(
            joinRef: "null".utf8.span, ref: "1".utf8.span, topic: "room:1".utf8.span, status: "ok".utf8.span,
            response: response.utf8.span, into: &frame)
        #expect(isWritten)
        #expect(frame.readString(length: 6) == "before")
        let text = reply(joinRef: "null", ref: "1", response: response)
        #expect(
            frame
                == FrameEncoder.frame(
                    opcode: .text, payload: ByteBuffer(string: text), allocator: ByteBufferAllocator()))
    }

    @Test func what_must_be_escaped_is_not_framed() {
        var frame = ByteBuffer()
        for (topic, status) in [("a\"", "ok"), ("a", "\n")] {
            let isWritten = ReplyWriter.writeFrame(
                joinRef: "null".utf8.span, ref: "1".utf8.span, topic: topic.utf8.span, status: status.utf8.span,
                response: "{}".utf8.span, into: &frame)
            #expect(!isWritten)
        }
        #expect(frame.readableBytes == 0)
    }
}
