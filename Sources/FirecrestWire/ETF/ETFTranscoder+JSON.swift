// Firecrest — from JSON to terms, without building values
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ETFTranscoder {
    /// Appends JSON that was validated before as a term without a version byte (``ETFStyle/client``).
    ///
    /// - Throws: ``ETFError``: `duplicateKey` for an object that has a key twice, which Erlang refuses in a term;
    ///   `invalidUTF8` for text that is none; and `unexpectedEnd` for what is no JSON. The buffer is then as it was.
    package static func writeTerm(ofJSON json: Span<UInt8>, into buffer: inout ByteBuffer) throws(ETFError) {
        let start = buffer.writerIndex
        var writer = JSONTermWriter()
        swap(&writer.buffer, &buffer)
        defer { swap(&writer.buffer, &buffer) }
        do {
            try writer.write(json)
        } catch {
            writer.buffer.moveWriterIndex(to: start)
            throw error
        }
    }
}

private struct JSONTermWriter {
    /// An array or object that is not closed yet.
    private struct Level {
        let isObject: Bool
        /// Where its tag is.
        let start: Int
        /// How many keys were kept when it began.
        let keys: Int
        var count = 0
        /// A key was written, and its value comes next.
        var hasKey = false
    }

    var buffer = ByteBuffer()
    private var levels: [Level] = []
    private var keys = ETFKeys()
    private var index = 0

    mutating func write(_ json: Span<UInt8>) throws(ETFError) {
        while true {
            index = json.skipWhitespace(from: index)
            let byte = json.byteOrZero(at: index)
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                try open(isObject: byte == UInt8(ascii: "{"))
                continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"): try close()
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                index += 1
                continue
            case UInt8(ascii: "\""):
                if try string(json) { continue }
            case UInt8(ascii: "t"): literal(4) { $0.writeETFBool(true) }
            case UInt8(ascii: "f"): literal(5) { $0.writeETFBool(false) }
            case UInt8(ascii: "n"): literal(4) { $0.writeETFNil() }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number(json)
            default: throw ETFError(.unexpectedEnd, at: index)
            }
            guard let top = levels.indices.last else { break }
            levels[top].count += 1
            levels[top].hasKey = false
        }
        guard json.skipWhitespace(from: index) == json.count else { throw ETFError(.trailingBytes, at: index) }
    }

    private mutating func literal(_ length: Int, _ write: (inout ByteBuffer) -> Void) {
        index += length
        write(&buffer)
    }

    private mutating func open(isObject: Bool) throws(ETFError) {
        guard levels.count < ETFLimits.deepest else {
            throw ETFError(.tooDeep, at: index, limit: ETFLimits.deepest)
        }
        levels.append(Level(isObject: isObject, start: buffer.writerIndex, keys: keys.count))
        // The count is known at the end.
        if isObject { buffer.writeETFMap(count: 0) } else { buffer.writeETFList(count: 0) }
        index += 1
    }

    private mutating func close() throws(ETFError) {
        guard let level = levels.popLast() else { throw ETFError(.unexpectedEnd, at: index) }
        if level.isObject {
            try keys.close(from: level.keys, at: index)
        } else if level.count == 0 {
            buffer.moveWriterIndex(to: level.start)
            buffer.writeETFListEnd()
        } else {
            buffer.writeETFListEnd()
        }
        if level.isObject || level.count > 0 {
            buffer.setInteger(UInt32(truncatingIfNeeded: level.count), at: level.start + 1)
        }
        index += 1
    }

    /// - Returns: whether it was a key.
    private mutating func string(_ json: Span<UInt8>) throws(ETFError) -> Bool {
        let start = index
        guard let end = try? json.skipString(from: start) else { throw ETFError(.unexpectedEnd, at: start) }
        index = end
        let isKey = levels.last.map { $0.isObject && !$0.hasKey } ?? false
        let body = json.extracting(start + 1..<end - 1)
        if body.stringStop(from: 0) == body.count {
            guard UTF8Validator.isValid(body) else { throw ETFError(.invalidUTF8, at: start) }
            if isKey { keys.add(body) }
            buffer.writeETFBinary(body)
        } else {
            guard let text = JSONString.decode(json.extracting(start..<end)) else {
                throw ETFError(.invalidUTF8, at: start)
            }
            if isKey { keys.add(text.utf8.span) }
            buffer.writeETFString(text)
        }
        if isKey, let top = levels.indices.last { levels[top].hasKey = true }
        return isKey
    }

    private mutating func number(_ json: Span<UInt8>) throws(ETFError) {
        let start = index
        let isNegative = json[start] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var magnitude: UInt64? = 0
        var isInteger = true
        scan: while index < json.count {
            switch json[index] {
            case let byte where byte &- UInt8(ascii: "0") < 10:
                let (product, overflow) = (magnitude ?? 0).multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
                if overflow || carry { magnitude = nil }
                if magnitude != nil { magnitude = sum }
            case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                isInteger = false
            default: break scan
            }
            index += 1
        }
        if isInteger, let magnitude {
            buffer.writeETFInteger(ETFInteger(magnitude: magnitude, isNegative: isNegative), .client)
            return
        }
        guard let utf8 = try? UTF8Span(validating: json.extracting(start..<index)),
            let value = Double(String(copying: utf8))
        else { throw ETFError(.badFloat, at: start) }
        try buffer.writeETFDouble(value)
    }
}
