// Firecrest — findings for people: aligned, in 100 columns.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Renders one finding after another.
struct TextReport {
    var style: Style
    /// Bytes shown of each payload.
    var previewBytes = 48
    /// Columns of text shown of a payload in one line.
    private static let labelWidth = 13
    private static let indent = "    "
    /// Bytes of hex in a row: 4 + 13 + 24 * 3 columns.
    private static let hexColumns = 24

    func render(_ finding: Finding) -> String {
        switch finding {
        case .stream(let stream):
            return style.bold("\(stream.name)") + ": from the \(stream.source.rawValue) (\(stream.reason)), "
                + "\(count(stream.bytes, "byte"))\n\n"
        case .head(let head): return render(head)
        case .frame(let frame): return render(frame)
        case .message(let message, let source, let problems):
            return render(message, source) + problems.map { render($0, source) }.joined() + "\n"
        case .skipped(let skipped):
            return heading(skipped.offset, "not read", count(skipped.bytes.readableBytes, "byte"), skipped.source)
                + row("why", skipped.reason) + row("text", Preview.text(skipped.bytes, limit: previewBytes * 4)) + "\n"
        case .problem(let problem, let source): return render(problem, source) + "\n"
        case .summary(let summary): return render(summary)
        }
    }

    private func render(_ summary: Finding.Summary) -> String {
        var text = "\(count(summary.frames, "frame")), \(count(summary.messages, "message")), "
        text += summary.problems == 0 ? style.green("no errors") : style.red(count(summary.problems, "error"))
        if summary.isMerged { text += ". The order of the two sides is inferred from refs" }
        return text + ".\n"
    }

    // MARK: heads

    private func render(_ head: HeadFinding) -> String {
        var text = heading(
            head.offset, head.source == .client ? "request" : "response", count(head.length, "byte"), head.source)
        if !head.line.isEmpty { text += row(nil, Preview.text(head.line, limit: 200)) }
        for fact in head.facts {
            let value = Preview.text(fact.value, limit: 300)
            guard let remark = fact.remark else {
                text += row(shortName(fact.name), value)
                continue
            }
            // Beside the value where it fits, below it otherwise.
            if value.count + remark.count < 80 {
                text += row(shortName(fact.name), "\(value)  \(style.dim("(\(remark))"))")
            } else {
                text += row(shortName(fact.name), value) + row(nil, style.dim(remark))
            }
        }
        return text + head.problems.map { render($0, head.source) }.joined() + "\n"
    }

    private func shortName(_ header: String) -> String {
        header.hasPrefix("sec-websocket-") ? String(header.dropFirst("sec-websocket-".utf8.count)) : header
    }

    // MARK: frames

    private func render(_ frame: FrameFinding) -> String {
        var text = heading(frame.offset, "frame \(frame.number)", summary(of: frame), frame.source)
        text += headerRows(frame)
        if frame.payload.readableBytes > 0 {
            if frame.maskKey != nil { text += hex("masked", frame.payload) }
            text += hex(frame.maskKey == nil ? "payload" : "unmasked", frame.unmasked)
            if showsFrameText(frame) { text += row("text", Preview.text(frame.unmasked, limit: previewBytes * 4)) }
        }
        if let assembly = frame.assembly {
            text += row(
                "assembly",
                "\(count(assembly.bytes, "byte")) in \(count(assembly.frames, "frame"))"
                    + (assembly.isFinal ? ", complete" : ", more to come"))
        }
        if let close = frame.close { text += row("close", Self.describe(close)) }
        if let message = frame.message, message.frames > 1 || message.compressedBytes != nil || message.envelope != nil
        {
            text += render(message, frame.source, isShown: message.frames == 1 && message.compressedBytes == nil)
        }
        text += frame.problems.map { render($0, frame.source) }.joined()
        return text + "\n"
    }

    private func showsFrameText(_ frame: FrameFinding) -> Bool {
        guard frame.message?.compressedBytes == nil, !(frame.bits.rsv1) else { return false }
        return frame.bits.opcode == Opcode.text.rawValue || frame.message?.kind == .text
    }

    private func summary(of frame: FrameFinding) -> String {
        var text = frame.opcodeName
        if !frame.bits.isFinal { text += ", not final" }
        if let length = frame.payloadLength { text += ", \(length) byte\(length == 1 ? "" : "s")" }
        if let envelope = frame.message?.envelope { text += ": \(envelope.meaning.name) on \(envelope.topic)" }
        return Preview.text(text, limit: 80)
    }

    private func headerRows(_ frame: FrameFinding) -> String {
        let bits = frame.bits
        var rest = frame.header
        func hexOf(_ count: Int) -> String? {
            guard let bytes = rest.readSlice(length: min(count, rest.readableBytes)), bytes.readableBytes > 0 else {
                return nil
            }
            return Preview.hex(bytes, limit: 8)
        }
        func flag(_ name: String, _ isSet: Bool) -> String { "\(name) \(isSet ? 1 : 0)" }
        var text = ""
        if let first = hexOf(1) {
            text += row(
                first,
                [
                    flag("FIN", bits.isFinal), flag("RSV1", bits.rsv1), flag("RSV2", bits.rsv2),
                    flag("RSV3", bits.rsv3), "opcode \(bits.opcode) (\(frame.opcodeName))",
                ].joined(separator: "  "))
        }
        if let second = hexOf(1) {
            let extended = bits.extendedLengthBytes
            text += row(
                second,
                "\(flag("MASK", bits.isMasked))  length \(bits.length7)"
                    + (extended > 0 ? " (in the next \(extended) bytes)" : ""))
        }
        if bits.extendedLengthBytes > 0, let extended = hexOf(bits.extendedLengthBytes) {
            text += row(extended, "extended length" + (frame.payloadLength.map { " \($0)" } ?? ", not all there"))
        }
        if bits.isMasked, let key = hexOf(4) { text += row(key, "masking key") }
        if frame.header.readableBytes == bits.headerLength {
            text += row("header", "\(count(bits.headerLength, "byte")); payload from @\(frame.payloadOffset)")
        }
        return text
    }

    static func describe(_ close: FrameFinding.Close) -> String {
        guard let code = close.code else { return "no code (reported as 1005)" }
        let reason = close.reason.isEmpty ? "" : ": \"\(Preview.escaped(close.reason))\""
        return "\(code) \(CloseMeaning.of(code))\(reason)"
    }

    // MARK: messages

    private func render(_ message: MessageFinding, _ source: Source, isShown: Bool = false) -> String {
        var text = ""
        if message.frames != 1 || message.compressedBytes != nil {
            var line = "\(message.kind == .text ? "text" : "binary"), \(count(message.bytes.readableBytes, "byte"))"
            if message.frames > 1 { line += " in \(message.frames) frames" }
            if let compressed = message.compressedBytes, let ratio = message.ratio {
                line += "; inflated from \(compressed), 1 : \(Self.decimal(ratio))"
            }
            text += row("message", line)
        }
        if !isShown {
            text +=
                message.kind == .text
                ? row("text", Preview.text(message.bytes, limit: previewBytes * 4)) : hex("bytes", message.bytes)
        }
        if let envelope = message.envelope { text += render(envelope, source) }
        return text
    }

    private func render(_ envelope: EnvelopeFinding, _ source: Source) -> String {
        var text = row(
            "phoenix", style.cyan("\(envelope.meaning.name), \(envelope.format.rawValue), from the \(source.rawValue)"))
        for byte in envelope.headerBytes {
            text += row(
                "  @\(byte.offset)",
                "\(Preview.hex(byte.value))  \(byte.name)\(byte.name.hasSuffix("size") ? " \(byte.value)" : "")")
        }
        if let joinRef = envelope.joinRef { text += row("  join_ref", Preview.text(joinRef, limit: 80)) }
        if let ref = envelope.ref { text += row("  ref", Preview.text(ref, limit: 80)) }
        text += row("  topic", Preview.text(envelope.topic, limit: 80))
        text += row("  event", Preview.text(envelope.event, limit: 80))
        let name =
            if case .reply = envelope.meaning { "  response" } else { "  payload" }
        return text
            + (envelope.payload.kind == .json
                ? row(name, Preview.text(envelope.payload.bytes, limit: previewBytes * 4))
                : envelope.payload.bytes.readableBytes == 0
                    ? row(name, "no bytes") : hex(name, envelope.payload.bytes))
    }

    // MARK: problems

    private func render(_ problem: Problem, _ source: Source) -> String {
        var text = row(style.red("ERROR"), style.red("@\(problem.offset) \(problem.kind)"), labelLength: 5)
        text += row(nil, problem.sentence)
        var rule = problem.rule
        if let consequence = problem.consequence { rule += "; the \(source.receiverName) \(consequence)" }
        text += row(nil, rule)
        if let aftermath = problem.aftermath { text += row(nil, style.dim("here: \(aftermath)")) }
        return text
    }

    // MARK: lines

    private func heading(_ offset: Int, _ what: String, _ summary: String, _ source: Source) -> String {
        "\(style.dim("@\(offset)")) \(source == .client ? "->" : "<-") \(style.bold(what))  \(summary)\n"
    }

    private func hex(_ label: String, _ bytes: ByteBuffer) -> String {
        guard previewBytes > 0 else { return "" }
        return Preview.hexRows(bytes, limit: previewBytes, columns: Self.hexColumns).enumerated()
            .map { row($0.offset == 0 ? label : nil, style.dim($0.element)) }.joined()
    }

    /// A label and its value; a long value goes on in the next rows.
    private func row(_ label: String?, _ value: String, labelLength: Int? = nil) -> String {
        let length = labelLength ?? label?.count ?? 0
        let padding = String(repeating: " ", count: max(Self.labelWidth - length, 1))
        let blank = Self.indent + String(repeating: " ", count: Self.labelWidth)
        let lines = Self.wrap(value, columns: 100 - blank.count)
        return Self.indent + (label ?? "") + padding + lines.joined(separator: "\n" + blank) + "\n"
    }

    /// Lines of at most `columns` characters, broken at a space where there is one near.
    static func wrap(_ text: String, columns: Int) -> [String] {
        // Escape sequences have no width; the few coloured values are short.
        guard text.count > columns, !text.contains("\u{1B}") else { return [text] }
        var lines: [String] = []
        var rest = text[...]
        while rest.count > columns {
            let end = rest.index(rest.startIndex, offsetBy: columns)
            let near = rest.index(end, offsetBy: -24)
            let cut = rest[near..<end].lastIndex(of: " ").map { rest.index(after: $0) } ?? end
            // Without the space that it is broken at.
            lines.append(String(rest[..<cut].last == " " ? rest[..<cut].dropLast() : rest[..<cut]))
            rest = rest[cut...]
        }
        lines.append(String(rest))
        return lines
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// With one decimal, without Foundation.
    static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
