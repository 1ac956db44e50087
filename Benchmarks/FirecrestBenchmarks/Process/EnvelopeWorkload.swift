// Firecrest — finding the parts of a message: our scanner, and FoundationEssentials' JSONDecoder
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import FoundationEssentials

/// Both validate the whole text; the decoder also builds the values, which our server does only when a channel asks.
struct EnvelopeWorkload: RunningWorkload {
    static let all = [
        Workload(
            name: "envelope", unit: "message", unitsPerRound: 1, rounds: 20_000,
            start: { EnvelopeWorkload(scan: Self.scan) }),
        Workload(
            name: "envelope-jsondecoder", unit: "message", unitsPerRound: 1, rounds: 1_000,
            start: { EnvelopeWorkload(scan: Self.decode) }),
    ]

    private static let text = Array(
        #"["1","12","room:lobby","new_msg",{"body":"Good morning, is the ferry on time?","user":{"id":7,"name":"Ada"}}]"#
            .utf8)

    /// Returns the length of the topic.
    let scan: (_ text: [UInt8]) throws -> Int

    func run(_ rounds: Int) async throws {
        for _ in 0..<rounds {
            guard try scan(Self.text) == "room:lobby".utf8.count else { throw BenchmarkError("the topic is not found") }
        }
    }

    private static func scan(_ text: [UInt8]) throws -> Int {
        try EnvelopeScanner.scanArray(text.span).topic.count - 2
    }

    private static func decode(_ text: [UInt8]) throws -> Int {
        try JSONDecoder().decode(DecodedMessage.self, from: Data(text)).topic.utf8.count
    }
}

private struct DecodedMessage: Decodable {
    struct Body: Decodable {
        var body: String
        var user: User
    }

    struct User: Decodable {
        var id: Int
        var name: String
    }

    let joinRef: String?
    let ref: String?
    let topic: String
    let event: String
    let payload: Body

    init(from decoder: any Decoder) throws {
        var parts = try decoder.unkeyedContainer()
        joinRef = try parts.decodeIfPresent(String.self)
        ref = try parts.decodeIfPresent(String.self)
        topic = try parts.decode(String.self)
        event = try parts.decode(String.self)
        payload = try parts.decode(Body.self)
    }
}
