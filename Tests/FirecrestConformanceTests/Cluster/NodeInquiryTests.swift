// Firecrest — a question to all other nodes, and who answers in time
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("Questions to all nodes")
struct NodeInquiryTests {
    private static func run(_ body: (Cluster, [TestServer]) async throws -> Void) async throws {
        try await Cluster.run(["a", "b", "c"], socket("/socket", RoomSocket.self)) { cluster, servers in
            for server in servers {
                let name = server.endpoint.options.nodeName
                server.endpoint.answerNodes("name") { ByteBuffer(string: "I am \(name)") }
            }
            try await body(cluster, servers)
        }
    }

    private static func answers(_ all: [NodeAnswer]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: all.map { ($0.node, String(buffer: $0.body)) })
    }

    @Test("are answered by each of them, once, and not by the one that asks")
    func all() async throws {
        try await Self.run { _, servers in
            for _ in 0..<3 {
                let answers = await servers[0].endpoint.askNodes("name", expecting: 2, within: .seconds(5))
                #expect(Self.answers(answers) == ["b": "I am b", "c": "I am c"])
            }
        }
    }

    @Test("are answered by those that can, when the time is over")
    func some() async throws {
        try await Self.run { cluster, servers in
            cluster.intercept { $0.from == "c" ? [] : [$0.bytes, $0.bytes] }
            let answers = await servers[0].endpoint.askNodes("name", expecting: 2, within: .milliseconds(500))
            #expect(Self.answers(answers) == ["b": "I am b"])
        }
    }

    @Test("that nobody knows are answered by nobody; a node without others is asked in vain")
    func nobody() async throws {
        try await Self.run { _, servers in
            let answers = await servers[0].endpoint.askNodes("age", expecting: 2, within: .milliseconds(50))
            #expect(answers.isEmpty)
        }
        let alone = try Endpoint(.test) { socket("/socket", RoomSocket.self) }
        try await TestServer.run(alone) { server in
            #expect(await server.endpoint.askNodes("name", expecting: 1, within: .seconds(60)).isEmpty)
        }
    }

    @Test("beyond as many as may wait are answered by nobody, at once")
    func limit_nodeInquiries() async throws {
        try await Self.run { cluster, servers in
            let asked = NIOLockedValueBox(0)
            cluster.intercept { _ in
                asked.withLockedValue { $0 += 1 }
                return []
            }
            let endpoint = servers[0].endpoint
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask { _ = await endpoint.askNodes("name", expecting: 2, within: .seconds(2)) }
                }
                while asked.withLockedValue({ $0 }) < 32 { try? await Task.sleep(for: .milliseconds(2)) }
                let began = ContinuousClock.now
                #expect(await endpoint.askNodes("name", expecting: 2, within: .seconds(60)).isEmpty)
                #expect(ContinuousClock.now - began < .seconds(30))
            }
        }
    }
}
