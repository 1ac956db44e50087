// Firecrest — what another node sends and nobody understands (row 247).
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestPubSub
import FirecrestTestSupport
import FirecrestWire
import Logging
import NIOCore
import Testing

@Suite("Unreadable records")
struct UnreadableRecordTests {
    private static func record(_ payload: Payload) -> BroadcastRecord {
        BroadcastRecord(topic: "room:1", event: "news", payload: payload, node: "b", messageID: 1, except: nil)
    }

    @Test("an undecodable message of another node is logged and counted, and the next is delivered")
    func phx_247_undecodable_message_from_a_peer() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await Cluster.run(
            ["a", "b"], options: options, socket("/socket", RoomSocket.self, options: .withTerms())
        ) { cluster, servers in
            let json = try await TestClient.connect(servers[0])
            try await json.join("room:1")
            let terms = try await TestClient.connect(servers[0], path: TestClient.termPath)
            try await terms.joinTerm("room:1")
            let good = Self.record(try Payload(["n": 1] as JSON)).encoded()
            var bad = [ByteBuffer(), ByteBuffer(string: "nonsense"), ByteBuffer(bytes: [9] + good.readableBytesView)]
            bad.append(ByteBuffer(bytes: good.readableBytesView.dropLast()))
            bad.append(ByteBuffer(bytes: Array(good.readableBytesView) + [0]))
            // A map that claims more than there is, and a list where a map must be.
            for term in [[116, 0xFF, 0xFF, 0xFF, 0xFF], [106]] as [[UInt8]] {
                bad.append(Self.record(Payload(kind: .term, bytes: ByteBuffer(bytes: term))).encoded())
            }
            for bytes in bad { cluster.inject(bytes, to: "a") }
            cluster.inject(good, to: "a")
            #expect(try await json.receiveText() == #"[null,null,"room:1","news",{"n":1}]"#)
            let news = ETFTerm.map([.init(.string("n"), .integer(1))])
            #expect(try await terms.receiveTerm() == .list([.null, .null, .string("room:1"), .string("news"), news]))
            let count = bad.count
            try await servers[0].waitForStatistics("all are counted") { $0.nodeMessagesDropped == count }
            let lines = log.lines.filter { $0.message == "A message of another node could not be read." }
            #expect(lines.count == count)
            #expect(lines.allSatisfy { $0.level == .warning && $0.metadata["reason"] != nil })
        }
    }

    @Test("a term goes from node to node as it is, and is JSON for whoever wants it there")
    func terms() async throws {
        try await Cluster.run(["a", "b"], socket("/socket", RoomSocket.self, options: .withTerms())) {
            cluster, servers in
            let json = try await TestClient.connect(servers[1])
            try await json.join("room:1")
            let far = try await TestClient.connect(servers[1], path: TestClient.termPath)
            try await far.joinTerm("room:1")
            let near = try await TestClient.connect(servers[0], path: TestClient.termPath)
            try await near.joinTerm("room:1")
            let payload = ETFTerm.map([.init(.string("a"), .tuple([.integer(1)]))])
            try await near.pushTerm(joinRef: .string("1"), topic: "room:1", event: "shout", payload: payload)
            #expect(try await json.receiveText() == #"[null,null,"room:1","shout",{"a":[1]}]"#)
            #expect(
                try await far.receiveTerm() == .list([.null, .null, .string("room:1"), .string("shout"), payload]))
            #expect(try BroadcastRecord(decoding: cluster.parcels[0].bytes).payload.kind == .term)
        }
    }
}
