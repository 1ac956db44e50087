// Firecrest — fuzzes Erlang's terms: reader, validator, transcoder and writer agree with each other and with a second reading.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

/// Settings: the deepest nesting, what atoms and keys may be, and whether it is a message, in the first byte; most terms in
/// the second.
struct ETFTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let settings = input.byte()
        let items = Int(input.byte())
        let limits = ETFLimits(
            maxDepth: Int(settings % 8), maxItems: items, maxTupleArity: 5, maxAtomBytes: 12,
            atoms: settings & 8 == 0 ? .refused : .text, keys: settings & 16 == 0 ? .text : .any)
        if settings & 32 == 0 {
            checkTerm(input.rest, limits)
        } else {
            checkMessage(input.rest, limits)
        }
    }

    // MARK: terms

    private func checkTerm(_ bytes: [UInt8], _ limits: ETFLimits) {
        var checked = limits
        if hasPlantedBug { checked.maxItems += 1 }
        let verdict = Result { () throws(ETFError) in
            try ETFScanner.validate(bytes.span, limits: checked)
        }
        var reference = ReferenceTerm(bytes, limits)
        let isValid = reference.isValid()
        require((verdict.failure == nil) == isValid, "the format says \(isValid), not \(verdict)")
        let decoded = Result { () throws(ETFError) in
            try ETFTerm(decoding: bytes, limits: checked)
        }
        require((decoded.failure == nil) == isValid, "the reader says \(decoded), the validator \(verdict)")
        if let error = verdict.failure {
            require(error == decoded.failure, "\(error) is not \(decoded)")
            require((0...bytes.count).contains(error.offset), "the error is at \(error.offset) of \(bytes.count)")
            require(error.description.utf8.count <= 100, "too long for a close frame: \(error)")
            return
        }
        guard let term = try? decoded.get(), let isPortable = try? verdict.get() else { return }
        checkWritten(term, limits)
        // Keys of any kind are for tokens, which are not transcoded.
        if limits.keys == .text { checkTranscoded(Array(bytes.dropFirst()), term, isPortable: isPortable) }
    }

    /// What is written in any style reads back as the same.
    private func checkWritten(_ term: ETFTerm, _ limits: ETFLimits) {
        var lax = limits
        lax.maxAtomBytes = 24  // Latin-1 grows in UTF-8.
        lax.maxItems = .max
        lax.keys = .any
        for atoms in [ETFStyle.Atoms.latin1, .smallLatin1, .utf8] {
            guard let bytes = try? term.encoded(ETFStyle(atoms: atoms, sparesJavaScript: false)) else {
                return require(false, "\(term) cannot be written")
            }
            require((try? ETFTerm(decoding: bytes, limits: lax)) == term, "\(term) became \(bytes.bytes)")
        }
    }

    private func checkTranscoded(_ bare: [UInt8], _ term: ETFTerm, isPortable: Bool) {
        // The same in the form for all clients.
        var portable = ByteBuffer(bytes: [131])
        require((try? ETFTranscoder.writePortable(bare.span, into: &portable)) != nil, "\(term) has no portable form")
        let lax = ETFLimits(maxDepth: 8, maxTupleArity: 5, maxAtomBytes: 24, atoms: .text, keys: .any)
        require(
            (try? ETFScanner.validate(portable.bytes.span, limits: lax)) == true, "\(portable.bytes) is not portable")
        guard let same = try? ETFTerm(decoding: portable, limits: lax) else { return }

        var json = ByteBuffer(string: "x")
        let isJSON = (try? ETFTranscoder.writeJSON(of: bare.span, into: &json)) != nil
        let value = try? JSON(term)
        require(isJSON == (value != nil), "\(term) in JSON: \(isJSON), and as a value \(String(describing: value))")
        guard isJSON, let value else {
            require(json.readableBytes == 1, "something is left of what has no form")
            return
        }
        json.moveReaderIndex(forwardBy: 1)
        guard let read = try? JSON(parsing: json, limits: JSONLimits(maxDepth: 8)) else {
            return require(false, "\(String(buffer: json)) is no JSON")
        }
        require(plain(read) == plain(value), "\(value) became \(read)")
        require((try? JSON(same)).map { plain($0) } == plain(value), "\(term) became \(same)")
        checkBack(json, read)
    }

    /// JSON as a term: as our parser reads it, and portable.
    private func checkBack(_ json: ByteBuffer, _ value: JSON) {
        var term = ByteBuffer(bytes: [131])
        do throws(ETFError) {
            try ETFTranscoder.writeTerm(ofJSON: json.readableBytesUInt8Span, into: &term)
        } catch {
            require(error.code == .duplicateKey && term.readableBytes == 1, "\(String(buffer: json)): \(error)")
        }
        // Of duplicate keys the last wins, here as there.
        guard let payload = try? Payload(jsonText: json, maxDepth: 8).converted(to: .term) else {
            return require(false, "\(String(buffer: json)) has no form as a term")
        }
        if term.readableBytes == 1 { term.writeImmutableBuffer(payload.bytes) }
        require(Array(term.bytes.dropFirst()) == payload.bytes.bytes, "two terms of \(String(buffer: json))")
        let limits = ETFLimits(maxDepth: 8)
        require((try? ETFScanner.validate(term.bytes.span, limits: limits)) == true, "\(term.bytes) is not portable")
        guard let read = try? ETFTerm(decoding: term, limits: limits), let again = try? JSON(read) else {
            return require(false, "\(term.bytes) cannot be read")
        }
        require(plain(again) == plain(value), "\(value) became \(again)")
    }

    /// A number is a number.
    private func plain(_ json: JSON) -> JSON {
        switch json {
        case .number(let value): Int64(exactly: value).map { plain(.integer($0)) } ?? json
        case .integer(let value) where value.magnitude > 1 << 53: .number(Double(value))
        case .array(let elements): .array(elements.map(plain))
        case .object(let members): .object(members.mapValues(plain))
        default: json
        }
    }

    // MARK: messages

    private func checkMessage(_ bytes: [UInt8], _ settings: ETFLimits) {
        var limits = MessageLimits()
        limits.maxTopicBytes = 16
        limits.maxEventBytes = 12
        limits.maxTermDepth = settings.maxDepth
        limits.maxTermItems = settings.maxItems
        limits.maxAtomBytes = settings.maxAtomBytes
        limits.keepsUnknownAtoms = settings.atoms == .text
        let serializer = ETFSerializer(limits: limits)
        guard let message = decode(bytes, .binary, with: serializer, limits) else { return }
        var wide = MessageLimits()
        wide.maxTopicBytes = 1 << 12
        wide.maxEventBytes = 1 << 12
        wide.keepsUnknownAtoms = true
        let reader = ETFSerializer(limits: wide)
        let reply = OutboundMessage.reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: message.event,
            payload: message.payload)
        var echoes = [reply]
        if case .name(let topic) = message.topic {
            echoes.append(
                .push(joinRef: message.joinRef, topic: topic, event: message.event, payload: message.payload))
        }
        for echo in echoes {
            var buffer = ByteBuffer(string: "header")
            do throws(PayloadError) {
                require(try serializer.encode(echo, into: &buffer) == .binary, "a term leaves in a text frame")
            } catch {
                require(error.code == .notAnObject && !echo.payload.isObject, "\(echo) has no form: \(error)")
                continue
            }
            buffer.moveReaderIndex(forwardBy: 6)
            guard let again = try? reader.decode(buffer, kind: .binary) else {
                return require(false, "\(buffer.bytes) cannot be read")
            }
            require(again.event == echo.event, "the event became \(again.event)")
            require(same(again.joinRef.json, echo.joinRef.json), "the join ref became \(again.joinRef)")
            require(same(again.ref.json, echo.ref.json), "the ref became \(again.ref)")
            if case .name = echo.topic { require(again.topic == echo.topic, "the topic became \(again.topic)") }
            if case .push = echo.kind {
                require(again.payload == echo.payload, "the payload became \(again.payload)")
            }
        }
        // In JSON it is the same, or has no form.
        guard let json = try? message.payload.converted(to: .json), json.kind == .json else { return }
        require((try? JSONValidator.validate(json.bytes.bytes.span)) != nil, "\(json) is no JSON")
    }

    private func same(_ one: String, _ other: String) -> Bool {
        guard let left = try? JSON(parsing: ByteBuffer(string: one)),
            let right = try? JSON(parsing: ByteBuffer(string: other))
        else { return one == other }
        return plain(left) == plain(right)
    }
}
