// Firecrest — the ids of an event stream, written and read back.
// SPDX-License-Identifier: Apache-2.0

/// `4f1c09d2ab83e650-17`: sixteen hex digits for a life of the server, and the number of a message in that life.
///
/// A browser sends the last one it saw as `Last-Event-ID` when it connects again (HTML, "Server-sent events"). It may send
/// anything else too: only what ``description`` writes is read, so that one id has one spelling.
package struct LastEventID: Sendable, Hashable, CustomStringConvertible {
    /// Longest header value that is looked at, in bytes. Ours have at most 37.
    package static let maxBytes = 64
    private static let epochDigits = 16

    /// A random number that a server takes when it starts: what it counted before, it knows nothing of.
    package let epoch: UInt64
    /// Counts up.
    package let number: UInt64

    package init(epoch: UInt64, number: UInt64) {
        self.epoch = epoch
        self.number = number
    }

    /// `nil` for whatever is not exactly an id.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard bytes.count <= Self.maxBytes else { return nil }
        let digits = bytes.prefix(Self.epochDigits)
        let rest = bytes.dropFirst(Self.epochDigits)
        guard digits.count == Self.epochDigits, rest.first == UInt8(ascii: "-"),
            let epoch = Self.number(digits, radix: 16), let number = Self.number(rest.dropFirst(), radix: 10)
        else { return nil }
        self.init(epoch: epoch, number: number)
    }

    /// Whether a server in its life `epoch`, whose newest message is `newest`, can have given this id out.
    package func isKnown(epoch: UInt64, newest: UInt64) -> Bool {
        self.epoch == epoch && number <= newest
    }

    package var description: String {
        let hex = String(epoch, radix: 16)
        return String(repeating: "0", count: Self.epochDigits - hex.utf8.count) + hex + "-" + String(number)
    }

    /// Digits and nothing else, in lower case; in decimal without a zero in front.
    private static func number(_ digits: some Collection<UInt8>, radix: UInt64) -> UInt64? {
        guard let first = digits.first, radix == 16 || digits.count == 1 || first != UInt8(ascii: "0") else {
            return nil
        }
        var value: UInt64 = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            guard digit < radix else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }
}
