// Firecrest — what is compared, and within which bounds.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

struct CompareSettings: Sendable, Equatable {
    /// What requests carry besides what they need.
    enum Headers: String, CaseIterable, Sendable {
        /// What Chromium sends from a page of the same origin.
        case browser
        /// What HTTP and the protocol ask for.
        case minimal
    }

    /// Messages of the feed in a second.
    var rate = 5.0
    /// Clients of each way.
    var clients = 4
    /// From one short poll of a client to its next, in milliseconds.
    var pollInterval = 1_000
    /// JSON of each message, in bytes.
    var payloadBytes = 120
    /// How long the feed runs, in seconds.
    var seconds = 60.0
    var headers = Headers.browser
    var ways = Way.allCases

    static let rates = 0.1...200.0
    static let clientCounts = 1...200
    static let pollIntervals = 50...10_000
    static let payloadSizes = 64...16_384
    static let durations = 1.0...120.0

    struct Invalid: Error, Equatable, CustomStringConvertible {
        var option: String
        var value: String
        var rule: String

        var description: String { "\(option) is \(value); it must be \(rule)" }
    }

    /// - Parameter name: how an option is called where the value came from.
    func check(name: (String) -> String = { $0 }) throws(Invalid) {
        try Self.check(rate, Self.rates, name("rate"))
        try Self.check(clients, Self.clientCounts, name("clients"))
        try Self.check(pollInterval, Self.pollIntervals, name("poll_interval_ms"))
        try Self.check(payloadBytes, Self.payloadSizes, name("payload_bytes"))
        try Self.check(seconds, Self.durations, name("seconds"))
        if ways.isEmpty || Set(ways).count != ways.count {
            throw Invalid(
                option: name("ways"), value: ways.isEmpty ? "empty" : ways.map(\.rawValue).joined(separator: ","),
                rule: "one or more of \(Way.allCases.map(\.rawValue).joined(separator: ", ")), each once")
        }
    }

    private static func check<T: Comparable>(_ value: T, _ range: ClosedRange<T>, _ name: String) throws(Invalid) {
        guard range.contains(value) else {
            throw Invalid(
                option: name, value: plain(value),
                rule: "between \(plain(range.lowerBound)) and \(plain(range.upperBound))")
        }
    }

    /// 5 and not 5.0.
    private static func plain<T>(_ value: T) -> String {
        if let number = value as? Double, let whole = Int(exactly: number) { return "\(whole)" }
        return "\(value)"
    }

    /// From one message of the feed to the next.
    var period: TimeAmount { .nanoseconds(Int64(1e9 / rate)) }

    /// Descriptors that the servers and clients of a run need together: both ends of each connection, and a few more for
    /// each thread.
    func descriptors(clients: Int) -> Int {
        ways.map { 2 * $0.connectionsPerClient * clients }.reduce(64, +)
    }
}

extension CompareSettings {
    var json: JSON {
        [
            "rate": .number(rate), "clients": .integer(Int64(clients)),
            "poll_interval_ms": .integer(Int64(pollInterval)), "payload_bytes": .integer(Int64(payloadBytes)),
            "seconds": .number(seconds), "headers": .string(headers.rawValue),
            "ways": .array(ways.map { .string($0.rawValue) }),
        ]
    }

    static var limits: JSON {
        func pair<T>(_ range: ClosedRange<T>, _ json: (T) -> JSON) -> JSON {
            [json(range.lowerBound), json(range.upperBound)]
        }
        return [
            "rate": pair(rates) { .number($0) }, "clients": pair(clientCounts) { .integer(Int64($0)) },
            "poll_interval_ms": pair(pollIntervals) { .integer(Int64($0)) },
            "payload_bytes": pair(payloadSizes) { .integer(Int64($0)) }, "seconds": pair(durations) { .number($0) },
        ]
    }

    /// Takes over the members that are there.
    ///
    /// - Parameter adjusting: only what may change while a comparison runs.
    mutating func apply(_ json: JSON, adjusting: Bool = false) throws(Invalid) {
        guard case .object = json else { throw Invalid(option: "payload", value: "no object", rule: "a JSON object") }
        rate = try Self.member(json, "rate", "a number", \.doubleValue) ?? rate
        clients = try Self.member(json, "clients", "a whole number", \.intValue) ?? clients
        pollInterval = try Self.member(json, "poll_interval_ms", "a whole number", \.intValue) ?? pollInterval
        if !adjusting {
            payloadBytes = try Self.member(json, "payload_bytes", "a whole number", \.intValue) ?? payloadBytes
            seconds = try Self.member(json, "seconds", "a number", \.doubleValue) ?? seconds
            let names = Way.allCases.map(\.rawValue).joined(separator: ", ")
            headers =
                try Self.member(json, "headers", "browser or minimal") {
                    $0.stringValue.flatMap { Headers(rawValue: $0) }
                } ?? headers
            ways =
                try Self.member(json, "ways", "a list of \(names)") { value in
                    guard let names = value.arrayValue, names.count <= Way.allCases.count else { return nil }
                    let ways = names.compactMap { $0.stringValue.flatMap { Way(rawValue: $0) } }
                    return ways.count == names.count ? ways : nil
                } ?? ways
        }
        try check()
        ways.sort { $0.index < $1.index }
    }

    private static func member<T>(
        _ json: JSON, _ name: String, _ rule: String, _ read: (JSON) -> T?
    ) throws(Invalid) -> T? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let read = read(value) else {
            var text = ByteBuffer()
            try? value.write(into: &text)
            throw Invalid(option: name, value: Preview.text(text, limit: 60), rule: rule)
        }
        return read
    }
}
