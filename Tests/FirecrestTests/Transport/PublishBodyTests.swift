// Firecrest — tests of the bodies that clients POST.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore
import Testing

@testable import Firecrest

struct PublishBodyTests {
    private enum Got: Equatable {
        case text(String)
        case binary([UInt8])
    }

    private func frames(_ body: some Sequence<UInt8>, isLines: Bool = true) throws -> (frames: [Got], ignored: Int) {
        var publish = PublishBody(ByteBuffer(bytes: body), isLines: isLines)
        var frames: [Got] = []
        while let frame = try publish.next() {
            let content = frame.content
            frames.append(
                frame.kind == .text ? .text(String(buffer: content)) : .binary(Array(content.readableBytesView)))
        }
        #expect(try publish.next() == nil, "the end is the end")
        return (frames, publish.ignoredLines)
    }

    private func lines(_ body: String) throws -> [Got] { try frames(body.utf8).frames }

    @Test(
        arguments: [
            ("", []),
            ("[]", [.text("[]")]),
            ("[1]\n[2]", [.text("[1]"), .text("[2]")]),
            ("[1]\r\n[2]\r\n", [.text("[1]"), .text("[2]")]),
            ("[1]\n\n\r\n[2]\n", [.text("[1]"), .text("[2]")]),
            ("\n", []),
            ("\r\n\r\n", []),
            ("Zm9v\n[1]\nYg==", [.binary(Array("foo".utf8)), .text("[1]"), .binary(Array("b".utf8))]),
            // Only CR LF and LF end a line; what stands before belongs to the frame, and the serializer judges it.
            ("[1]\r[2]", [.text("[1]\r[2]")]),
            ("[1]\r\r\n", [.text("[1]\r")]),
            ("[1]\r", [.text("[1]\r")]),
            // An accent behind the bracket does not hide it, nor one behind a line's end.
            ("[\u{301}]\n\u{5B}1]", [.text("[\u{301}]"), .text("[1]")]),
        ] as [(String, [Got])])
    private func lines_are_frames(_ body: String, _ expected: [Got]) throws {
        #expect(try lines(body) == expected)
    }

    @Test(arguments: ["[1]\n[2]", "{\"a\":1}", "", "\n\n", "Zm9v"])
    func any_other_content_type_is_one_text_message(_ body: String) throws {
        let got = try frames(body.utf8, isLines: false)
        #expect(got.frames == [.text(body)])
        #expect(got.ignored == 0)
    }

    @Test func only_the_bare_content_type_means_lines() {
        #expect(PublishBody.isLines(contentType: "application/x-ndjson"))
        let others: [String?] = [
            nil, "", "application/json", "application/x-ndjson; charset=utf-8", "application/x-ndjson ",
            "Application/X-NDJSON", "application/x-ndjson\u{301}",
        ]
        for other in others { #expect(!PublishBody.isLines(contentType: other)) }
    }

    @Test(arguments: [
        "{}", "Zg", "Zg=", "a", "Zm9v\r", "Zm9v Zm9v", "Zm9-", "\r", "====", "Zg==Zg==", "[]\n\"x\"", "3",
        "\u{301}[",
    ])
    func what_is_neither_JSON_nor_base64_is_refused(_ body: String) {
        #expect(throws: PublishBodyError(code: .invalidBase64)) { try lines(body) }
    }

    /// So that a client that is told so may send the body again.
    @Test func a_body_that_is_refused_has_had_no_frame() throws {
        var body = PublishBody(ByteBuffer(string: "[1]\n[2]\n!\n[3]"), isLines: true)
        #expect(throws: PublishBodyError(code: .invalidBase64)) { try body.next() }
        #expect(try body.next() == nil)
    }

    @Test(arguments: [true, false])
    func text_that_is_not_UTF8_is_refused(isLines: Bool) {
        for bytes: [UInt8] in [[0x5B, 0xFF], [0x5B, 0xC3], [0x5B, 0xED, 0xA0, 0x80], [0x5B, 0xC0, 0xAF]] {
            #expect(throws: PublishBodyError(code: .textNotUTF8)) { try frames(bytes, isLines: isLines) }
            #expect(throws: PublishBodyError(code: .textNotUTF8)) {
                try frames(Array("[1]\n".utf8) + bytes, isLines: isLines)
            }
        }
    }

    // MARK: limits

    @Test func lines_behind_the_hundredth_are_counted_and_not_looked_at() throws {
        let numbered = (1...PublishBody.maxLines).map { "[\($0)]" }
        let whole = try frames(numbered.joined(separator: "\n").utf8)
        #expect(whole.frames.count == 100 && whole.frames.last == .text("[100]"))
        #expect(whole.ignored == 0)
        let more = numbered + ["[101]", "", "what is this", "\r", "[104]\r\n"]
        let cut = try frames(more.joined(separator: "\n").utf8)
        #expect(cut.frames == whole.frames)
        #expect(cut.ignored == 3)
    }

    /// Against lines cut one by one, at every place of a word.
    @Test func lines_are_counted_whatever_their_length() throws {
        var generator = SystemRandomNumberGenerator()
        for length in 0..<400 {
            let bytes: [UInt8] = (0..<length).map { _ in
                [0x0A, 0x0A, 0x0D, 0x78, 0x8A, 0x0B].randomElement(using: &generator) ?? 0
            }
            var lines = bytes.split(separator: UInt8(0x0A), omittingEmptySubsequences: false).map(Array.init)
            for index in lines.indices.dropLast() where lines[index].last == 0x0D { lines[index].removeLast() }
            let count = LineCount.count(bytes.span)
            #expect(count == lines.count { !$0.isEmpty }, "\(bytes)")
        }
    }

    /// The body of CVE-2026-32689.
    @Test func eight_megabytes_of_newlines_are_a_hundred_empty_lines() throws {
        let empty = [UInt8](repeating: UInt8(ascii: "\n"), count: 8 << 20)
        let got = try frames(empty)
        #expect(got.frames.isEmpty && got.ignored == 0)
        let one = try frames(empty + Array("[]".utf8))
        #expect(one.frames.isEmpty && one.ignored == 1)
    }

    @Test func empty_lines_are_among_the_hundred() throws {
        let got = try frames((String(repeating: "\n", count: 99) + "[1]\n[2]").utf8)
        #expect(got.frames == [.text("[1]")])
        #expect(got.ignored == 1)
    }

    @Test func a_line_of_base64_has_ten_million_bytes_at_most() throws {
        var line = [UInt8](repeating: UInt8(ascii: "A"), count: PublishBody.maxLineBytes)
        let got = try frames(line)
        #expect(got.frames == [.binary([UInt8](repeating: 0, count: 7_500_000))])
        line += Array("AAAA".utf8)
        #expect(throws: PublishBodyError(code: .lineTooLong)) { try frames(line) }
        // Of text there is no such limit but the body's own.
        line[0] = UInt8(ascii: "[")
        #expect(try frames(line).frames.count == 1)
    }

    @Test func a_frame_of_many_has_memory_of_its_own() throws {
        let long = "[" + String(repeating: " ", count: 1 << 20) + "]"
        var body = PublishBody(ByteBuffer(string: "[1]\n" + long), isLines: true)
        let frame = try #require(try body.next())
        #expect(frame.content.storageCapacity < 1_024)
    }

    @Test func errors_say_what_is_wrong() {
        for code in PublishBodyError.Code.allCases {
            let reason = PublishBodyError(code: code).reason
            #expect(reason.hasSuffix(".") && reason.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
        }
    }
}
