// Firecrest — what `firecrest inspect` finds in bytes, for tables of tests
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestCLI

/// All findings of one run.
struct Inspected {
    var findings: [Finding] = []
    var summary = Finding.Summary()

    init(_ captures: ByteBuffer..., from: Source? = nil, settings: InspectSettings = InspectSettings()) throws {
        let list = Collected()
        var conversation = Conversation(settings: settings) { list.findings.append($0) }
        summary = try conversation.read(
            captures.map { Capture(name: "test", bytes: $0) }, from: from)
        findings = list.findings
    }

    init(hex: String, from: Source? = nil, settings: InspectSettings = InspectSettings()) throws {
        try self.init(try HexText.bytes(hex.utf8), from: from, settings: settings)
    }

    var frames: [FrameFinding] {
        findings.compactMap { if case .frame(let frame) = $0 { frame } else { nil } }
    }

    var heads: [HeadFinding] {
        findings.compactMap { if case .head(let head) = $0 { head } else { nil } }
    }

    /// `kind@offset` of each problem, in order.
    var problems: [String] {
        findings.flatMap { finding -> [Problem] in
            switch finding {
            case .head(let head): head.problems
            case .frame(let frame): frame.problems
            case .message(_, _, let problems): problems
            case .problem(let problem, _): [problem]
            case .stream, .skipped, .summary: []
            }
        }.map { "\($0.kind)@\($0.offset)" }
    }

    func problem(_ kind: String) -> Problem? {
        frames.flatMap(\.problems).first { $0.kind == kind }
    }

    /// The messages as text, or as hex in angle brackets.
    var messages: [String] {
        frames.compactMap(\.message).map { message in
            message.kind == .text
                ? String(buffer: message.bytes) : "<\(Preview.hex(message.bytes, limit: 1_000))>"
        }
    }

    func text(previewBytes: Int = 48) -> String {
        let report = TextReport(style: Style(isColoured: false), previewBytes: previewBytes)
        return findings.map(report.render).joined()
    }

    var json: [String] {
        findings.map { String(JSONReport().render($0).dropLast()) }
    }

    private final class Collected {
        var findings: [Finding] = []
    }
}

enum Bytes {
    /// A client's frame: masked with 37fa213d, the key of RFC 6455 §5.7.
    static func client(_ opcode: Opcode, _ payload: ByteBuffer, compressed: Bool = false) -> ByteBuffer {
        FrameEncoder.frame(
            opcode: opcode, payload: payload, compressed: compressed, allocator: ByteBufferAllocator(),
            maskKey: 0x37fa_213d)
    }

    static func server(_ opcode: Opcode, _ payload: ByteBuffer, compressed: Bool = false) -> ByteBuffer {
        FrameEncoder.frame(
            opcode: opcode, payload: payload, compressed: compressed, allocator: ByteBufferAllocator())
    }

    static func text(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    static func joined(_ parts: ByteBuffer...) -> ByteBuffer {
        var all = ByteBuffer()
        for part in parts { all.writeImmutableBuffer(part) }
        return all
    }

    static func request(vsn: String? = "2.0.0", extra: String = "", key: String = "dGhlIHNhbXBsZSBub25jZQ==")
        -> ByteBuffer
    {
        ByteBuffer(
            string: "GET /socket/websocket\(vsn.map { "?vsn=" + $0 } ?? "") HTTP/1.1\r\nHost: localhost\r\n"
                + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \(key)\r\n"
                + "Sec-WebSocket-Version: 13\r\n\(extra)\r\n")
    }

    static func response(accept: String = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", extra: String = "") -> ByteBuffer {
        ByteBuffer(
            string: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\(extra)\r\n")
    }
}
