// Firecrest — limits on terms, reached through a real socket: code, sentence, metric.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestWire
import Testing

@Suite struct TermLimitTests {
    @Test func limit_maxTermDepth() async throws {
        try await undecodable(
            { $0.maxTermDepth = 4 }, under: .list([.list([.list([])])]), over: .list([.list([.list([.list([])])])]),
            "invalid_term: The term is nested deeper than the limit of 4 levels")
    }

    @Test func limit_maxTermItems() async throws {
        // The envelope, its parts, and those of the payload.
        try await undecodable(
            { $0.maxTermItems = 10 }, under: .list(.init(repeating: .null, count: 4)),
            over: .list(.init(repeating: .null, count: 5)),
            "invalid_term: The term has more parts than the limit of 10")
    }

    @Test func limit_maxTupleArity() async throws {
        try await undecodable(
            { $0.maxTupleArity = 2 }, under: .tuple([.null, .null]), over: .tuple([.null, .null, .null]),
            "invalid_term: A tuple has more elements than the limit of 2")
    }

    @Test func limit_maxAtomBytes() async throws {
        try await undecodable(
            {
                $0.maxAtomBytes = 20
                $0.keepsUnknownAtoms = true
            }, under: .atom(String(repeating: "a", count: 20)), over: .atom(String(repeating: "a", count: 21)),
            "invalid_term: An atom is longer than the limit of 20 bytes")
    }

    /// Heartbeats with `under` and with `over` as their payload.
    private func undecodable(
        _ limit: (inout MessageLimits) -> Void, under: ETFTerm, over: ETFTerm, _ reason: String
    ) async throws {
        var options = EndpointOptions.test
        limit(&options.message)
        try await TestServer.run(
            options: options, socket("/socket", RoomSocket.self, options: .withTerms())
        ) { server in
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            try await client.pushTerm(topic: "phoenix", event: "heartbeat", payload: under)
            _ = try await client.receiveTerm()
            #expect(await server.statistics().protocolErrors == 0)
            try await client.pushTerm(topic: "phoenix", event: "heartbeat", payload: over)
            let close = try await client.receiveClose()
            #expect(close.code == 1011)
            #expect(close.reason.hasPrefix(reason), "\(close.reason)")
            #expect(await server.statistics().protocolErrors == 1)
        }
    }
}
