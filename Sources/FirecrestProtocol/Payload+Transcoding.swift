// Firecrest — the one place where JSON becomes terms and terms become JSON
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

extension Payload {
    /// The same content in the form that a serializer takes; bytes stay bytes.
    ///
    /// A payload keeps the form in which it came until somebody needs the other one: a broadcast for the subscribers that
    /// speak it, once for all of them, or `decode`.
    ///
    /// - Throws: `PayloadError.notTranscodable` for a term that has a binary in it which is no UTF-8: JSON has no form for
    ///   bytes. JSON always has a form as a term.
    package func converted(to form: Kind) throws(PayloadError) -> Payload {
        switch (kind, form) {
        case (.term, .json): try json()
        case (.json, .term): try term()
        default: self
        }
    }

    /// Whether a term is one, for a payload that no client of ours sent.
    ///
    /// - Throws: `PayloadError.notDecodable`.
    package func checkTerm() throws(PayloadError) {
        guard kind == .term else { return }
        do {
            try ETFScanner.validateBare(bytes.readableBytesUInt8Span)
        } catch {
            throw PayloadError(code: .notDecodable, detail: "\(error)")
        }
    }

    private func json() throws(PayloadError) -> Payload {
        var buffer = ByteBuffer()
        // Strings as long as before and brackets: what most of them need.
        buffer.reserveCapacity(bytes.readableBytes)
        do {
            try ETFTranscoder.writeJSON(of: bytes.readableBytesUInt8Span, into: &buffer)
        } catch {
            throw PayloadError(code: .notTranscodable, detail: "the term has no form in JSON: \(error)")
        }
        return Payload(kind: .json, bytes: buffer)
    }

    private func term() throws(PayloadError) -> Payload {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(bytes.readableBytes * 2)
        do throws(ETFError) {
            do throws(ETFError) {
                try ETFTranscoder.writeTerm(ofJSON: bytes.readableBytesUInt8Span, into: &buffer)
            } catch {
                guard error.code == .duplicateKey else { throw error }
                try Self.writeUnique(bytes, into: &buffer)
            }
        } catch {
            throw PayloadError(code: .notTranscodable, detail: "the JSON has no form as a term: \(error)")
        }
        return Payload(kind: .term, bytes: buffer)
    }

    /// Of keys that are there twice, the last wins, as for whoever reads the JSON.
    private static func writeUnique(_ json: ByteBuffer, into buffer: inout ByteBuffer) throws(ETFError) {
        guard let tree = try? JSON(parsing: json, limits: JSONLimits(maxDepth: JSONLimits.deepest)),
            let term = ETFTerm(tree, depth: JSONLimits.deepest)
        else { throw ETFError(.unexpectedEnd, at: 0) }
        try term.writeTerm(into: &buffer, .client)
    }
}

extension OutboundMessage {
    /// The same message with its payload in the form that a serializer takes.
    ///
    /// - Throws: as `Payload.converted(to:)`.
    package func formed(for serializer: any Serializer) throws(PayloadError) -> OutboundMessage {
        guard payload.kind != .binary else { return self }
        let form = serializer.structuredKind
        guard payload.kind != form else { return self }
        var message = self
        message.payload = try payload.converted(to: form)
        return message
    }
}
