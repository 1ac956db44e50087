// Firecrest — findings for programs: one JSON object in a line.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Renders the facts of ``TextReport`` as NDJSON. Every object has a `type`.
struct JSONReport {
    /// Bytes of each hex dump; text and payloads are always whole.
    var previewBytes = 48

    func render(_ finding: Finding) -> String {
        var buffer = ByteBuffer()
        do {
            try object(finding).write(into: &buffer, limits: JSONLimits(maxDepth: JSONLimits.deepest))
        } catch {
            buffer.writeString(#"{"type":"unprintable"}"#)
        }
        return String(buffer: buffer) + "\n"
    }

    /// One finding, to be a part of something else.
    func object(_ finding: Finding) -> JSON {
        switch finding {
        case .stream(let stream):
            [
                "type": "stream", "name": .string(stream.name), "from": .string(stream.source.rawValue),
                "reason": .string(stream.reason), "bytes": number(stream.bytes),
            ]
        case .head(let head): object(head)
        case .frame(let frame): object(frame)
        case .message(let message, let source, let problems):
            [
                "type": "message", "from": .string(source.rawValue), "message": object(message),
                "errors": list(problems),
            ]
        case .skipped(let skipped):
            [
                "type": "skipped", "from": .string(skipped.source.rawValue), "offset": number(skipped.offset),
                "bytes": number(skipped.bytes.readableBytes), "reason": .string(skipped.reason),
            ]
        case .problem(let problem, let source):
            ["type": "error", "from": .string(source.rawValue), "error": object(problem)]
        case .summary(let summary):
            [
                "type": "summary", "frames": number(summary.frames), "messages": number(summary.messages),
                "errors": number(summary.problems),
            ]
        }
    }

    private func object(_ head: HeadFinding) -> JSON {
        let facts = head.facts.map { fact -> JSON in
            [
                "name": .string(fact.name), "value": .string(fact.value),
                "remark": fact.remark.map { .string($0) } ?? nil,
            ]
        }
        return [
            "type": "head", "from": .string(head.source.rawValue), "offset": number(head.offset),
            "bytes": number(head.length), "line": .string(head.line), "headers": .array(facts),
            "opens_websocket": .bool(head.opensWebSocket), "errors": list(head.problems),
        ]
    }

    private func object(_ frame: FrameFinding) -> JSON {
        let bits = frame.bits
        var members: [String: JSON] = [
            "type": "frame", "from": .string(frame.source.rawValue), "number": number(frame.number),
            "offset": number(frame.offset), "header_hex": .string(Preview.hex(frame.header, limit: 14)),
            "header_bytes": number(bits.headerLength), "fin": .bool(bits.isFinal), "rsv1": .bool(bits.rsv1),
            "rsv2": .bool(bits.rsv2), "rsv3": .bool(bits.rsv3), "opcode": number(Int(bits.opcode)),
            "opcode_name": .string(frame.opcodeName), "mask": .bool(bits.isMasked),
            "length7": number(Int(bits.length7)),
            "payload_length": frame.payloadLength.map { number(Int(clamping: $0)) } ?? nil,
            "payload_offset": number(frame.payloadOffset), "errors": list(frame.problems),
            "payload_hex": .string(Preview.hex(frame.payload, limit: previewBytes)),
            "unmasked_hex": .string(Preview.hex(frame.unmasked, limit: previewBytes)),
        ]
        if frame.maskKey != nil {
            var header = frame.header
            header.moveReaderIndex(to: max(header.readerIndex, header.writerIndex - 4))
            members["mask_key"] = .string(Preview.hex(header, limit: 4))
        }
        if let assembly = frame.assembly {
            members["assembly"] = [
                "frames": number(assembly.frames), "bytes": number(assembly.bytes), "final": .bool(assembly.isFinal),
            ]
        }
        if let close = frame.close {
            members["close"] = [
                "code": close.code.map { number(Int($0)) } ?? nil, "reason": .string(close.reason),
                "meaning": close.code.map { .string(CloseMeaning.of($0)) } ?? nil,
            ]
        }
        if let message = frame.message { members["message"] = object(message) }
        if let stop = frame.stop { members["stop"] = .string(stop) }
        return .object(members)
    }

    private func object(_ message: MessageFinding) -> JSON {
        var members: [String: JSON] = [
            "kind": message.kind == .text ? "text" : "binary", "frames": number(message.frames),
            "bytes": number(message.bytes.readableBytes),
        ]
        if message.kind == .text {
            members["text"] = .string(String(buffer: message.bytes))
        } else {
            members["hex"] = .string(Preview.hex(message.bytes, limit: previewBytes))
        }
        if let compressed = message.compressedBytes {
            members["compressed_bytes"] = number(compressed)
            members["ratio"] = message.ratio.map { .number($0) } ?? nil
        }
        if let envelope = message.envelope { members["phoenix"] = object(envelope) }
        return .object(members)
    }

    private func object(_ envelope: EnvelopeFinding) -> JSON {
        var members: [String: JSON] = [
            "format": .string(envelope.format.rawValue), "meaning": .string(envelope.meaning.name),
            "topic": .string(envelope.topic), "event": .string(envelope.event),
            "join_ref": reference(envelope.joinRef, envelope.format), "ref": reference(envelope.ref, envelope.format),
        ]
        if case .reply(let status) = envelope.meaning { members["status"] = .string(status) }
        if envelope.payload.kind == .json {
            members["payload"] = (try? JSON(parsing: envelope.payload.bytes)) ?? nil
        } else {
            members["payload_bytes"] = number(envelope.payload.bytes.readableBytes)
            members["payload_hex"] = .string(Preview.hex(envelope.payload.bytes, limit: previewBytes))
        }
        if !envelope.headerBytes.isEmpty {
            members["header"] = .array(
                envelope.headerBytes.map { byte in
                    ["offset": number(byte.offset), "value": number(Int(byte.value)), "name": .string(byte.name)]
                })
        }
        return .object(members)
    }

    /// A ref with the type it has in JSON.
    private func reference(_ text: String?, _ format: EnvelopeFinding.Format) -> JSON {
        guard let text else { return nil }
        return format == .v2Binary ? .string(text) : (try? JSON(parsing: ByteBuffer(string: text))) ?? .string(text)
    }

    private func list(_ problems: [Problem]) -> JSON { .array(problems.map(object)) }

    private func object(_ problem: Problem) -> JSON {
        [
            "offset": number(problem.offset), "kind": .string(problem.kind), "sentence": .string(problem.sentence),
            "rule": .string(problem.rule), "consequence": problem.consequence.map { .string($0) } ?? nil,
            "aftermath": problem.aftermath.map { .string($0) } ?? nil,
        ]
    }

    private func number(_ value: Int) -> JSON { .integer(Int64(value)) }
}
