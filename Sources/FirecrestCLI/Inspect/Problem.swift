// Firecrest — something wrong in the bytes: where, what, by which rule.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire

struct Problem: Equatable {
    /// The byte that shows it, counted from the start of the input.
    var offset: Int
    /// The stable name of the check that failed; for what a decoder threw, the decoder's own.
    var kind: String
    var sentence: String
    /// Where the rule is written, for example `RFC 6455 §5.1`.
    var rule: String
    /// What the receiving end does about it, for example `closes with 1002`.
    var consequence: String?
    /// How the inspection goes on, where that needs saying.
    var aftermath: String?
}

extension Problem {
    /// What the decoder threw.
    init(_ error: WebSocketError, at offset: Int) {
        self.init(
            offset: offset, kind: error.kind.rawValue, sentence: error.reason, rule: Self.rule(of: error.kind),
            consequence: "closes with \(error.code.rawValue)")
    }

    init(_ error: WebSocketHandshakeError, at offset: Int, consequence: String) {
        self.init(
            offset: offset, kind: error.kind.rawValue, sentence: error.reason, rule: Self.rule(of: error.kind),
            consequence: consequence)
    }

    /// The input stops before something is complete.
    static func inputEnds(at offset: Int, _ sentence: String) -> Problem {
        Problem(offset: offset, kind: "input_ends", sentence: sentence, rule: "none: more bytes must come")
    }

    static func rule(of kind: WebSocketError.Kind) -> String {
        switch kind {
        case .frameReservedBits: "RFC 6455 §5.2 (RSV1: RFC 7692 §6)"
        case .frameReservedOpcode: "RFC 6455 §5.2"
        case .frameNotMasked, .frameMasked: "RFC 6455 §5.1"
        case .frameLengthNotMinimal, .frameLengthInvalid: "RFC 6455 §5.2"
        case .frameTooBig, .messageTooBig, .fragmentsExceeded: "RFC 6455 §7.4.1 and §10.4"
        case .controlFragmented, .controlTooLong: "RFC 6455 §5.5"
        case .closeBodyInvalid: "RFC 6455 §5.5.1"
        case .closeCodeInvalid: "RFC 6455 §7.4"
        case .closeReasonNotUTF8: "RFC 6455 §5.5.1 and §8.1"
        case .continuationUnexpected, .continuationExpected: "RFC 6455 §5.4"
        case .textNotUTF8: "RFC 6455 §8.1"
        case .deflateInvalid: "RFC 7692 §7.2.2"
        case .inflateRatioExceeded: "RFC 6455 §10.4"
        case .inflateUnavailable: "none: memory"
        }
    }

    static func rule(of kind: WebSocketHandshakeError.Kind) -> String {
        switch kind {
        case .method: "RFC 6455 §4.2.1, item 1"
        case .host: "RFC 6455 §4.2.1, item 2"
        case .upgrade: "RFC 6455 §4.2.1, item 3"
        case .connection: "RFC 6455 §4.2.1, item 4"
        case .key: "RFC 6455 §4.2.1, item 5"
        case .version: "RFC 6455 §4.2.1, item 6"
        case .status: "RFC 6455 §4.1"
        case .accept: "RFC 6455 §4.2.2, item 5.4"
        case .extensions: "RFC 6455 §9.1, RFC 7692 §7.1"
        }
    }
}
