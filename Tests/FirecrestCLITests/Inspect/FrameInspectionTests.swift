// Firecrest — frames: RFC 6455 §5.7, RFC 7692 §7.2.3, and each error with its offset and section
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("inspect: frames")
struct FrameInspectionTests {
    @Test(
        "the examples of RFC 6455 §5.7",
        arguments: [
            ("81 05 48 65 6c 6c 6f", ["Hello"]),
            ("81 85 37 fa 21 3d 7f 9f 4d 51 58", ["Hello"]),
            ("01 03 48 65 6c 80 02 6c 6f", ["Hello"]),
            ("89 05 48 65 6c 6c 6f", []),
            ("8a 85 37 fa 21 3d 7f 9f 4d 51 58", []),
        ])
    func readsTheExamples(hex: String, messages: [String]) throws {
        let inspected = try Inspected(hex: hex)
        #expect(inspected.problems == [])
        #expect(inspected.messages == messages)
    }

    @Test("lengths of 16 and 64 bits")
    func readsLongLengths() throws {
        for (count, header) in [(256, "827e0100"), (65_536, "827f0000000000010000")] {
            let payload = ByteBuffer(repeating: 0xFE, count: count)
            let frame = try #require(try Inspected(Bytes.server(.binary, payload)).frames.first)
            #expect(Preview.hex(frame.header, limit: 14) == header)
            #expect(frame.payloadLength == UInt64(count))
            #expect(frame.message?.bytes == payload)
        }
    }

    @Test("every bit of the header, the key, and both forms of the payload")
    func showsTheHeader() throws {
        let frame = try #require(try Inspected(hex: "81 85 37 fa 21 3d 7f 9f 4d 51 58").frames.first)
        #expect(frame.source == .client)
        #expect(frame.bits.isFinal && frame.bits.isMasked && !frame.bits.rsv1 && !frame.bits.rsv2 && !frame.bits.rsv3)
        #expect(frame.bits.opcode == 1 && frame.bits.length7 == 5 && frame.bits.headerLength == 6)
        #expect(frame.maskKey == 0x37fa_213d)
        #expect(Preview.hex(frame.payload, limit: 9) == "7f9f4d5158")
        #expect(String(buffer: frame.unmasked) == "Hello")
        #expect(frame.payloadOffset == 6)
    }

    @Test(
        "the examples of RFC 7692 §7.2.3, which need deflate",
        arguments: [
            "c1 07 f2 48 cd c9 c9 07 00",
            "41 03 f2 48 cd 80 04 c9 c9 07 00",
            "c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00",
            "c1 08 f3 48 cd c9 c9 07 00 00",
            "c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
        ])
    func inflates(hex: String) throws {
        var settings = InspectSettings()
        settings.assumesDeflate = true
        let inspected = try Inspected(hex: hex, settings: settings)
        #expect(inspected.problems == [])
        #expect(inspected.messages == ["Hello"])
        let message = try #require(inspected.frames.last?.message)
        #expect(message.compressedBytes == inspected.frames.reduce(0) { $0 + $1.payload.readableBytes })
        #expect(try Inspected(hex: hex).problems.first == "frame_reserved_bits@0")
    }

    @Test("context takeover: a message that refers to the one before it (RFC 7692 §7.2.3.2)")
    func inflatesWithContext() throws {
        let hex = "c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00"
        var settings = InspectSettings()
        settings.assumesDeflate = true
        #expect(try Inspected(hex: hex, settings: settings).problems == ["deflate_invalid@11"])
        settings.assumesContextTakeover = true
        #expect(try Inspected(hex: hex, settings: settings).messages == ["Hello", "Hello"])
    }

    struct Wrong: Sendable {
        let name: String
        let hex: String
        let problems: [String]
        let section: String
        let code: Int
        var from: Source?
    }

    static let wrong: [Wrong] = [
        Wrong(name: "RSV2", hex: "a1 00", problems: ["frame_reserved_bits@0"], section: "RFC 6455 §5.2", code: 1002),
        Wrong(name: "opcode 3", hex: "83 00", problems: ["frame_reserved_opcode@0"], section: "§5.2", code: 1002),
        Wrong(
            name: "not masked", hex: "81 01 41", problems: ["frame_not_masked@1"], section: "§5.1", code: 1002,
            from: .client),
        Wrong(
            name: "masked", hex: "81 81 00 00 00 00 41", problems: ["frame_masked@1"], section: "§5.1", code: 1002,
            from: .server),
        Wrong(
            name: "16 bits for 5", hex: "81 7e 00 05 48 65 6c 6c 6f", problems: ["frame_length_not_minimal@2"],
            section: "§5.2", code: 1002),
        Wrong(
            name: "64 bits for 5", hex: "81 7f 00 00 00 00 00 00 00 05 48 65 6c 6c 6f",
            problems: ["frame_length_not_minimal@2"], section: "§5.2", code: 1002),
        Wrong(
            name: "top bit of the length", hex: "81 7f 80 00 00 00 00 00 00 00 41",
            problems: ["frame_length_invalid@2", "input_ends@11"], section: "§5.2", code: 1002),
        Wrong(
            name: "too big", hex: "82 7f 00 00 00 00 00 20 00 00 00", problems: ["frame_too_big@2", "input_ends@11"],
            section: "§7.4.1", code: 1009),
        Wrong(name: "ping in pieces", hex: "09 00", problems: ["control_fragmented@0"], section: "§5.5", code: 1002),
        Wrong(
            name: "long ping", hex: "89 7e 00 7e" + String(repeating: " 00", count: 126),
            problems: ["control_too_long@1"], section: "§5.5", code: 1002),
        Wrong(
            name: "close of 1 byte", hex: "88 01 03", problems: ["close_body_invalid@2"], section: "§5.5.1", code: 1002),
        Wrong(name: "close 1005", hex: "88 02 03 ed", problems: ["close_code_invalid@2"], section: "§7.4", code: 1002),
        Wrong(
            name: "close reason", hex: "88 04 03 e8 41 ff", problems: ["close_reason_not_utf8@5"], section: "§5.5.1",
            code: 1007),
        Wrong(
            name: "continuation of nothing", hex: "80 01 41", problems: ["continuation_unexpected@0"],
            section: "§5.4", code: 1002),
        Wrong(
            name: "text inside of text", hex: "01 01 41 81 01 42", problems: ["continuation_expected@3"],
            section: "§5.4", code: 1002),
        Wrong(name: "no UTF-8", hex: "81 03 41 c0 42", problems: ["text_not_utf8@3"], section: "§8.1", code: 1007),
        Wrong(
            name: "no UTF-8 in the second fragment", hex: "01 02 41 e2 80 03 82 ac ff",
            problems: ["text_not_utf8@8"], section: "§8.1", code: 1007),
        Wrong(name: "half a character", hex: "81 02 41 e2", problems: ["text_not_utf8@3"], section: "§8.1", code: 1007),
    ]

    @Test("each error: where, which rule, which close code", arguments: wrong)
    func names(_ wrong: Wrong) throws {
        let inspected = try Inspected(hex: wrong.hex, from: wrong.from)
        #expect(inspected.problems == wrong.problems, "\(wrong.name)")
        let problem = try #require(inspected.frames.flatMap(\.problems).first)
        #expect(problem.rule.contains(wrong.section), "\(wrong.name)")
        #expect(problem.consequence == "closes with \(wrong.code)", "\(wrong.name)")
    }

    @Test("bad deflate data, and more than its ratio allows")
    func namesBadDeflate() throws {
        var settings = InspectSettings()
        settings.assumesDeflate = true
        #expect(try Inspected(hex: "c1 03 ff ff ff", settings: settings).problems == ["deflate_invalid@2"])
        let zeros = Deflater(options: DeflateOptions(level: 9), windowBits: 15)
            .deflate(ByteBuffer(repeating: 0, count: 1 << 19), allocator: ByteBufferAllocator())
        let bomb = try Inspected(Bytes.server(.binary, zeros, compressed: true), settings: settings)
        #expect(bomb.problems == ["inflate_ratio_exceeded@4"])
        settings.limits.maxInflateRatio = 2_000
        #expect(try Inspected(Bytes.server(.binary, zeros, compressed: true), settings: settings).problems == [])
    }

    @Test("reading goes on after each error")
    func goesOn() throws {
        for wrong in Self.wrong where !wrong.problems.contains(where: { $0.hasPrefix("input_ends") }) {
            let masked = wrong.from == .client
            let after = masked ? Bytes.client(.text, Bytes.text("after")) : Bytes.server(.text, Bytes.text("after"))
            let inspected = try Inspected(
                Bytes.joined(try HexText.bytes(wrong.hex.utf8), after), from: wrong.from)
            #expect(inspected.messages.last == "after", "\(wrong.name)")
            #expect(inspected.problems == wrong.problems, "\(wrong.name)")
        }
    }

    @Test("a frame with a wrong bit is read as it was meant")
    func mends() throws {
        #expect(try Inspected(hex: "81 01 41", from: .client).messages == ["A"])
        #expect(try Inspected(hex: "81 81 01 01 01 01 40", from: .server).messages == ["A"])
        #expect(try Inspected(hex: "81 7e 00 01 41").messages == ["A"])
        #expect(try Inspected(hex: "b1 01 41").messages == ["A"])
        #expect(try Inspected(hex: "b1 01 41", from: .client).problems == ["frame_reserved_bits@0"])
        #expect(try Inspected(hex: "01 01 41 81 01 42").messages == ["B"])
    }

    @Test("every limit is the decoder's")
    func keepsTheLimits() throws {
        var settings = InspectSettings()
        settings.limits = FrameLimits(maxFrameBytes: 4, maxMessageBytes: 4)
        #expect(try Inspected(hex: "81 05 48 65 6c 6c 6f", settings: settings).problems == ["frame_too_big@1"])
        #expect(
            try Inspected(hex: "01 03 48 65 6c 80 02 6c 6f", settings: settings).problems == ["message_too_big@6"])
        settings.limits = FrameLimits(maxFragments: 2)
        #expect(
            try Inspected(hex: "01 00 00 00 00 00 81 01 41", settings: settings).problems.first
                == "fragments_exceeded@4")
    }

    @Test(
        "an input that ends too early",
        arguments: [
            ("81", 1), ("81 85 37", 3), ("81 7e 01", 3), ("81 05 48 65", 4), ("01 01 41", 3),
        ])
    func namesTheEnd(hex: String, offset: Int) throws {
        #expect(try Inspected(hex: hex).problems == ["input_ends@\(offset)"])
    }

    @Test("close codes have their meaning; what follows a close is named and read")
    func readsClose() throws {
        let inspected = try Inspected(hex: "88 06 03 e9 62 79 65 21 81 01 41")
        #expect(inspected.frames.first?.close == .init(code: 1001, reason: "bye!"))
        #expect(inspected.problems == ["after_close@8"])
        #expect(inspected.messages == ["A"])
        #expect(inspected.text().contains("1001 going away: \"bye!\""))
    }

    @Test("control frames between fragments do not end the message")
    func readsInterleaved() throws {
        let inspected = try Inspected(hex: "01 03 48 65 6c 89 00 80 02 6c 6f")
        #expect(inspected.messages == ["Hello"])
        #expect(
            inspected.frames.map(\.assembly) == [
                .init(frames: 1, bytes: 3, isFinal: false), nil, .init(frames: 2, bytes: 5, isFinal: true),
            ])
    }

    @Test("any bytes end in findings, none in a trap")
    func survivesNoise() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let noise = ByteBuffer(
                bytes: (0..<Int.random(in: 1...60, using: &generator)).map { _ in
                    Bool.random(using: &generator)
                        ? UInt8.random(in: 0...255, using: &generator)
                        : [0x81, 0x01, 0x80, 0xC1, 0x7E][Int.random(in: 0..<5, using: &generator)]
                })
            var settings = InspectSettings()
            settings.assumesDeflate = Bool.random(using: &generator)
            let inspected = try Inspected(
                noise, from: [.client, .server, nil].randomElement() ?? nil, settings: settings)
            #expect(inspected.text().isEmpty == false && inspected.json.isEmpty == false)
            let covered = inspected.frames.reduce(0) { $0 + $1.header.readableBytes + $1.payload.readableBytes }
            #expect(covered == noise.readableBytes || !inspected.heads.isEmpty, "\(Preview.hex(noise, limit: 60))")
        }
    }
}
