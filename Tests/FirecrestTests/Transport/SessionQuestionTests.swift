// Firecrest — tests of what nodes ask each other about sessions, as bytes.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@testable import Firecrest

@Suite struct SessionQuestionTests {
    private static let address = SessionAddress(
        node: NodeTag("a"), loop: 2, id: SessionID(high: 1, low: .max), issuedAt: 1_700_000_000)

    private static func frame(_ text: String, _ kind: FrameKind = .text) -> PublishBody.Frame {
        PublishBody.Frame(content: ByteBuffer(string: text), kind: kind)
    }

    private static let questions: [SessionQuestion] = [
        .poll(address, id: .max, acknowledged: nil), .poll(address, id: 0, acknowledged: 0),
        .poll(address, id: 7, acknowledged: .max), .publish(address, []),
        .publish(address, [frame("[1]"), frame("\u{0}\u{1}", .binary), frame("")]),
        .received(address, id: 3), .undelivered(address, id: 4),
    ]

    private static let answers: [SessionAnswer] = [
        .messages([]), .messages([ByteBuffer(string: "\"a\""), ByteBuffer(), ByteBuffer(string: "\"b\"")]), .done,
        .busy, .gone,
    ]

    @Test func questions_come_back_as_they_were() throws {
        for question in Self.questions {
            let decoded = try #require(SessionQuestion(decoding: question.encoded()))
            #expect("\(decoded)" == "\(question)")
        }
    }

    @Test func answers_come_back_as_they_were() throws {
        for answer in Self.answers {
            let decoded = try #require(SessionAnswer(decoding: answer.encoded()))
            #expect("\(decoded)" == "\(answer)")
        }
    }

    @Test func the_layout_is_as_written() throws {
        let poll = SessionQuestion.poll(Self.address, id: 7, acknowledged: 2).encoded()
        #expect(poll.readableBytes == 1 + SessionAddress.byteCount + 8 + 1 + 8)
        #expect(Array(poll.readableBytesView.suffix(17)) == [0, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0, 0, 0, 0, 0, 0, 2])
        let publish = SessionQuestion.publish(Self.address, [Self.frame("ab", .binary)]).encoded()
        #expect(Array(publish.readableBytesView.suffix(7)) == [1, 0, 0, 0, 2, 0x61, 0x62])
        let messages = SessionAnswer.messages([ByteBuffer(string: "ab")]).encoded()
        #expect(Array(messages.readableBytesView) == [0, 0, 0, 0, 2, 0x61, 0x62])
    }

    @Test func what_is_cut_short_or_longer_is_refused() throws {
        for question in Self.questions {
            let bytes = question.encoded()
            for length in 0..<bytes.readableBytes {
                // A list of frames may end after each.
                let decoded = SessionQuestion(decoding: try #require(bytes.getSlice(at: 0, length: length)))
                if case .publish? = decoded { continue }
                #expect(decoded == nil, "\(question) after \(length) bytes")
            }
            var longer = bytes
            longer.writeInteger(UInt8(9))
            #expect(SessionQuestion(decoding: longer) == nil, "\(question)")
        }
        for answer in Self.answers {
            var longer = answer.encoded()
            longer.writeInteger(UInt8(9))
            #expect(SessionAnswer(decoding: longer) == nil, "\(answer)")
        }
        #expect(SessionAnswer(decoding: ByteBuffer()) == nil)
        #expect(SessionAnswer(decoding: ByteBuffer(bytes: [4])) == nil)
    }

    @Test func lengths_beyond_the_end_and_too_many_frames_are_refused() {
        var bytes = SessionQuestion.publish(Self.address, []).encoded()
        bytes.writeBytes([0, 0xFF, 0xFF, 0xFF, 0xFF, 1])
        #expect(SessionQuestion(decoding: bytes) == nil)
        #expect(SessionAnswer(decoding: ByteBuffer(bytes: [0, 0xFF, 0xFF, 0xFF, 0xFF, 1])) == nil)
        for (count, isRead) in [(PublishBody.maxLines, true), (PublishBody.maxLines + 1, false)] {
            let frames = Array(repeating: Self.frame("x"), count: count)
            #expect(
                (SessionQuestion(decoding: SessionQuestion.publish(Self.address, frames).encoded()) != nil) == isRead)
        }
        // A count of acknowledged batches below zero, and another version of the address.
        var poll = SessionQuestion.poll(Self.address, id: 1, acknowledged: 1).encoded()
        poll.setInteger(Int64(-1), at: poll.writerIndex - 8)
        #expect(SessionQuestion(decoding: poll) == nil)
        var other = SessionQuestion.received(Self.address, id: 1).encoded()
        other.setInteger(UInt8(2), at: 1)
        #expect(SessionQuestion(decoding: other) == nil)
    }

    @Test func any_bytes_are_read_or_refused() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var question = SessionQuestion.publish(Self.address, []).encoded()
            question.setInteger(UInt8.random(in: 0...4, using: &generator), at: 0)
            var answer = ByteBuffer(integer: UInt8.random(in: 0...4, using: &generator))
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                question.writeInteger(UInt8.random(in: 0...3, using: &generator))
                answer.writeInteger(UInt8.random(in: 0...3, using: &generator))
            }
            _ = SessionQuestion(decoding: question)
            _ = SessionAnswer(decoding: answer)
        }
    }
}
