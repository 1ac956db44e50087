// Firecrest — checks of option values, with errors that say what is wrong.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Checks the options of one owner. An option that nobody checks is one that fails at the first client instead.
struct OptionCheck {
    /// The most that a limit in bytes or items can say: a `ByteBuffer` counts with 32 bits.
    static let ceiling = 1 << 30
    /// The longest time that an option can say; nil is how one says "for ever".
    private static let longest = Duration.seconds(365 * 86_400)

    /// As an error names it, for example `the WebSocket at /socket`.
    let owner: String
    /// The name of the option that this group of options is, with a dot behind it; empty for the owner's own.
    var group = ""

    func number(
        _ name: String, _ value: Int, _ range: ClosedRange<Int>, _ unit: String = ""
    ) throws(OptionError) {
        guard !range.contains(value) else { return }
        let expected =
            range.upperBound == .max
            ? "at least \(range.lowerBound)" : "between \(range.lowerBound) and \(range.upperBound)"
        throw error(.outOfRange, name, "is \(value); it must be \(expected)\(unit.isEmpty ? "" : " " + unit)")
    }

    /// Bytes or items, at least one.
    func limit(_ name: String, _ value: Int, _ unit: String = "") throws(OptionError) {
        try number(name, value, 1...Self.ceiling, unit)
    }

    /// nil passes: where an option can be nil, that means something.
    func time(_ name: String, _ value: Duration?, allowsZero: Bool = false) throws(OptionError) {
        guard let value, value > Self.longest || value < .zero || (value == .zero && !allowsZero) else { return }
        throw error(
            .outOfRange, name,
            "is \(value); it must be \(allowsZero ? "0 or more" : "more than 0") and at most 365 days")
    }

    func time(_ name: String, _ value: TimeAmount) throws(OptionError) {
        try time(name, Duration.nanoseconds(value.nanoseconds))
    }

    func expect(
        _ holds: Bool, _ name: String, _ sentence: @autoclosure () -> String, _ code: OptionError.Code = .malformed
    ) throws(OptionError) {
        guard !holds else { return }
        throw error(code, name, sentence())
    }

    func connectInfo(_ keys: [ConnectInfoKey]) throws(OptionError) {
        var seen: Set<String> = []
        try expect(
            keys.count { $0.session != nil } <= 1, "connectInfo",
            "asks for two sessions; mount the socket twice, each with one", .conflict)
        for key in keys {
            guard case .custom(let name, _) = key.kind else { continue }
            try expect(!name.isEmpty, "connectInfo", "has a custom value without a name")
            try expect(
                !ConnectInfoKey.reservedNames.contains(name), "connectInfo",
                "has a custom value \"\(name)\", a name that means something else; choose another", .conflict)
            try expect(seen.insert(name).inserted, "connectInfo", "has two custom values \"\(name)\"", .conflict)
        }
    }

    private func error(_ code: OptionError.Code, _ name: String, _ sentence: String) -> OptionError {
        OptionError(code, option: "\(group)\(name) of \(owner)", sentence: sentence)
    }
}
