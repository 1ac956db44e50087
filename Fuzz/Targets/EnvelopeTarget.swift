// Firecrest — fuzzes the scanners that find the five parts of a message.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

/// Settings: the deepest nesting in the first byte.
struct EnvelopeTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        var limits = JSONLimits(maxNumberBytes: 8)
        limits.maxDepth = Int(input.byte() % 8)
        let bytes = input.rest
        var served = limits
        if hasPlantedBug { served.maxNumberBytes += 1 }

        // What the tree parser reads, which has its own idea of keys, strings and ends.
        let value = try? JSON(parsing: bytes.span, limits: limits)
        let isUTF8 = String(validating: bytes, as: UTF8.self) != nil

        let array = Result { () throws(JSONError) in try EnvelopeScanner.scanArray(bytes.span, limits: served) }
        check(array, of: bytes, limits)
        if let array = try? array.get() {
            let parts = [array.joinRef ?? 0..<0, array.ref, array.topic, array.event, array.payload]
            require(
                zip(parts, parts.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }, "parts overlap: \(array)")
        }
        if isUTF8 {
            let elements = value?.arrayValue
            require(
                ((try? array.get()) != nil) == ((elements?.count ?? 0) >= 5), "\(array) of \(String(describing: value))"
            )
            if let elements, let array = try? array.get() {
                for (part, element) in zip(
                    [array.joinRef, array.ref, array.topic, array.event, array.payload], elements)
                {
                    same(part, element, bytes, limits)
                }
            }
        }

        let object = Result { () throws(JSONError) in try EnvelopeScanner.scanObject(bytes.span, limits: served) }
        check(object, of: bytes, limits)
        if isUTF8 {
            let members = value?.objectValue ?? [:]
            let isComplete = ["topic", "event", "payload", "ref"].allSatisfy { members[$0] != nil }
            require(((try? object.get()) != nil) == isComplete, "\(object) of \(String(describing: value))")
            if let object = try? object.get() {
                same(object.joinRef, members["join_ref"], bytes, limits)
                same(object.ref, members["ref"], bytes, limits)
                same(object.topic, members["topic"], bytes, limits)
                same(object.event, members["event"], bytes, limits)
                same(object.payload, members["payload"], bytes, limits)
            }
        }
    }

    /// What was found is JSON, whole and in part; what was refused was refused within the bytes.
    private func check(_ result: Result<Envelope, JSONError>, of bytes: [UInt8], _ limits: JSONLimits) {
        switch result {
        case .success(let envelope):
            require(Self.isValid(bytes[...], limits), "an envelope was found in what is no JSON")
            for part in [envelope.joinRef, envelope.ref, envelope.topic, envelope.event, envelope.payload] {
                guard let part else { continue }
                require(part.lowerBound > 0 && part.upperBound < bytes.count, "\(part) is not inside of the brackets")
                require(Self.isValid(bytes[part], limits), "the part \(part) is no JSON")
                require(!Self.isSpace(bytes[part.lowerBound]), "the part \(part) begins with a space")
                checkLiteral(bytes[part])
            }
        case .failure(let error):
            require((0...bytes.count).contains(error.offset), "the error is at \(error.offset) of \(bytes.count)")
        }
    }

    /// Literals are compared with names by their bytes, as far as these say what the literal stands for.
    private func checkLiteral(_ literal: ArraySlice<UInt8>) {
        let hasEscape = literal.contains(UInt8(ascii: "\\"))
        if let text = JSONString.decode(literal.span) {
            require(literal.span.isLiteral(of: text) == !hasEscape, "\(literal) is, or is not, \(text)")
            require(!literal.span.isLiteral(of: text + "a"), "\(literal) is more than it says")
        }
        let raw = String(decoding: literal.dropFirst().dropLast(), as: UTF8.self)
        if hasEscape { require(!literal.span.isLiteral(of: raw), "\(literal) is taken as it stands") }
    }

    private func same(_ part: Range<Int>?, _ value: JSON?, _ bytes: [UInt8], _ limits: JSONLimits) {
        let found = part.map { try? JSON(parsing: bytes.span.extracting($0), limits: limits) }
        require(found ?? nil == value, "the part \(String(describing: part)) is \(String(describing: found))")
    }

    private static func isValid(_ bytes: ArraySlice<UInt8>, _ limits: JSONLimits) -> Bool {
        (try? JSONValidator.validate(bytes.span, limits: limits)) != nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
