// Firecrest — fuzzes the bodies that clients without a WebSocket POST.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestProtocol
internal import NIOCore

/// Settings: whether the body is lines in the first byte.
struct BodyTarget: FuzzTarget {
    private struct Frame: Equatable {
        var isText: Bool
        var bytes: [UInt8]
    }

    private enum Outcome: Equatable {
        case frames([Frame], ignored: Int)
        case refused(PublishBodyError.Code)
    }

    func run(_ input: FuzzInput) {
        var input = input
        let isLines = input.byte() & 1 == 1
        let bytes = input.rest
        var body = PublishBody(ByteBuffer(bytes: bytes), isLines: isLines)
        var frames: [Frame] = []
        let outcome: Outcome
        do throws(PublishBodyError) {
            while let frame = try body.next() {
                frames.append(Frame(isText: frame.kind == .text, bytes: frame.content.bytes))
                let held = frame.content.storageCapacity
                require(!isLines || held <= max(64, 2 * frame.content.readableBytes), "a frame holds \(held) bytes")
            }
            outcome = .frames(frames, ignored: body.ignoredLines)
        } catch {
            require(frames.isEmpty, "\(frames.count) frames of a body that is refused")
            outcome = .refused(error.code)
        }
        let after = try? body.next()
        require(after == nil, "a frame after the end")
        let expected = Self.reference(bytes, isLines, most: PublishBody.maxLines + (hasPlantedBug ? 1 : 0))
        require(outcome == expected, "\(outcome), not \(expected)")
    }

    /// The whole body as a list of lines.
    private static func reference(_ bytes: [UInt8], _ isLines: Bool, most: Int) -> Outcome {
        guard isLines else {
            return isUTF8(bytes) ? .frames([Frame(isText: true, bytes: bytes)], ignored: 0) : .refused(.textNotUTF8)
        }
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        for index in lines.indices.dropLast() where lines[index].last == 0x0D { lines[index].removeLast() }
        var frames: [Frame] = []
        for line in lines.prefix(most) where !line.isEmpty {
            if line[0] == UInt8(ascii: "[") {
                guard isUTF8(line) else { return .refused(.textNotUTF8) }
                frames.append(Frame(isText: true, bytes: line))
            } else {
                guard let plain = decode(line) else { return .refused(.invalidBase64) }
                frames.append(Frame(isText: false, bytes: plain))
            }
        }
        return .frames(frames, ignored: lines.dropFirst(most).count { !$0.isEmpty })
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

    /// Bit by bit (RFC 4648 §4).
    private static func decode(_ text: [UInt8]) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        guard text.count % 4 == 0 else { return nil }
        var digits = text
        while digits.last == UInt8(ascii: "="), text.count - digits.count < 2 { digits.removeLast() }
        var bits: [Bool] = []
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            for bit in (0..<6).reversed() { bits.append(value >> bit & 1 == 1) }
        }
        return stride(from: 0, through: bits.count - 8, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }
}
