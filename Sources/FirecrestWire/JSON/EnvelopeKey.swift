// Firecrest — the keys of a V1 message, recognised without building strings
// SPDX-License-Identifier: Apache-2.0

/// A key of a V1 message.
enum EnvelopeKey {
    case joinRef, ref, topic, event, payload

    /// The key whose string literal starts at `start` and ends before `limit`, or `nil` when it is none of the five.
    ///
    /// - Parameter limit: Anywhere between the end of the literal and the value; only the last quote before it counts.
    init?(_ bytes: Span<UInt8>, from start: Int, before limit: Int) {
        let body = start + 1
        let stop = bytes.stringStop(from: body)
        if bytes.byteOrZero(at: stop) == UInt8(ascii: "\"") {
            guard stop - body <= 8 else { return nil }
            var word: UInt64 = 0
            for index in body..<stop { word = word << 8 | UInt64(bytes[index]) }
            self.init(length: stop - body, word: word)
        } else {
            // An escape: rare enough to decode.
            guard let end = try? bytes.skipString(from: start), end <= limit,
                let key = JSONString.decode(bytes.extracting(start..<end)), key.utf8.count <= 8
            else { return nil }
            var word: UInt64 = 0
            for byte in key.utf8 { word = word << 8 | UInt64(byte) }
            self.init(length: key.utf8.count, word: word)
        }
    }

    /// - Parameter word: The bytes of the key, the first one highest. With the length it is unambiguous.
    private init?(length: Int, word: UInt64) {
        switch (length, word) {
        case (8, 0x6A6F_696E_5F72_6566): self = .joinRef
        case (3, 0x72_6566): self = .ref
        case (5, 0x74_6F70_6963): self = .topic
        case (5, 0x65_7665_6E74): self = .event
        case (7, 0x70_6179_6C6F_6164): self = .payload
        default: return nil
        }
    }
}

/// The parts of a V1 message found so far.
struct EnvelopeParts {
    private var joinRef: Range<Int>?
    private var ref: Range<Int>?
    private var topic: Range<Int>?
    private var event: Range<Int>?
    private var payload: Range<Int>?

    /// Of duplicate keys the last wins.
    mutating func set(_ key: EnvelopeKey, to range: Range<Int>) {
        switch key {
        case .joinRef: joinRef = range
        case .ref: ref = range
        case .topic: topic = range
        case .event: event = range
        case .payload: payload = range
        }
    }

    /// The message, or `nil` while a required key is missing.
    var envelope: Envelope? {
        guard let ref, let topic, let event, let payload else { return nil }
        return Envelope(joinRef: joinRef, ref: ref, topic: topic, event: event, payload: payload)
    }
}
