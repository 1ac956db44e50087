// Firecrest — fuzzes the JSON validator against a recursive descent over RFC 8259 and against Foundation.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import FoundationEssentials
internal import FuzzReference
internal import NIOCore

/// Settings: the deepest nesting in the first byte, the longest number in the second.
struct JSONTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        var limits = JSONLimits()
        limits.maxDepth = Int(input.byte() % 8)
        limits.maxNumberBytes = Int(input.byte())
        let bytes = input.rest

        let verdict = Result { () throws(JSONError) in try JSONValidator.validate(bytes.span, limits: limits) }
        var reference = ReferenceJSON(bytes, limits)
        let isValid = reference.isValid()
        require((verdict.failure == nil) == isValid, "RFC 8259 says \(isValid), not \(verdict)")
        if let error = verdict.failure {
            require((0...bytes.count).contains(error.offset), "the error is at \(error.offset) of \(bytes.count)")
            require((try? JSON(parsing: bytes.span, limits: limits)) == nil, "what is refused is parsed")
            return
        }

        let isUTF8 = String(validating: bytes, as: UTF8.self) != nil
        let tree = Result { () throws(JSONError) in try JSON(parsing: bytes.span, limits: limits) }
        require((tree.failure == nil) == isUTF8, "valid JSON in \(isUTF8 ? "UTF-8" : "other bytes"): \(tree)")
        guard let value = try? tree.get() else { return }
        require((try? JSONDecoder().decode(JSON.self, from: Data(bytes))) != nil, "Foundation refuses what we accept")

        // What is written reads back as the same, at the same depth.
        var written = ByteBuffer()
        do throws(JSONError) {
            try value.write(into: &written, limits: limits)
            let again = try JSON(parsing: written)
            require(again == value, "\(value) became \(again)")
        } catch {
            require(false, "\(value) cannot be written and read back: \(error)")
        }
    }
}
