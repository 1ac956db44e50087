// Firecrest — what one node broadcasts, the others' clients get (row 142).
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Several nodes")
struct ClusterTests {
    @Test("disconnect closes the connections of that id on every node with 1001, and no other")
    func phx_142_disconnect_on_another_node() async throws {
        try await Cluster.run(["a", "b"], socket("/socket", NamedSocket.self)) { _, servers in
            var gone: [TestClient] = []
            var stay: [TestClient] = []
            for server in servers {
                gone.append(try await SocketIDTests.connect(server, "user:1"))
                stay.append(try await SocketIDTests.connect(server, "user:2"))
            }
            try servers[0].endpoint.broadcast("user:1", "disconnect", .empty)
            for client in gone {
                guard case .close(let code, _) = try await client.receive() else {
                    Issue.record("a close frame was expected")
                    continue
                }
                #expect(code == 1001)
            }
            for client in stay { try await client.heartbeat() }
            for server in servers { #expect(await server.statistics().socketsDisconnected == 1) }
        }
    }

    @Test("a channel's broadcast reaches the topic's clients on all of three nodes, in order and once")
    func broadcasts() async throws {
        try await Cluster.run(["a", "b", "c"], socket("/socket", RoomSocket.self)) { _, servers in
            var clients: [TestClient] = []
            for server in servers {
                let client = try await TestClient.connect(server)
                try await client.join("room:1")
                clients.append(client)
            }
            for number in 1...20 {
                try await clients[1].push(
                    joinRef: "1", topic: "room:1", event: "shout", payloadJSON: #"{"n":\#(number)}"#)
            }
            for client in clients {
                for number in 1...20 {
                    #expect(try await client.receiveText() == #"[null,null,"room:1","shout",{"n":\#(number)}]"#)
                }
            }
            // Nobody gets anything twice: the next is the answer to what is asked now.
            for client in clients { try await client.heartbeat() }
        }
    }

    @Test("a local broadcast reaches the clients of its node and no other's")
    func phx_243_local_broadcast() async throws {
        try await Cluster.run(["a", "b"], socket("/socket", RoomSocket.self)) { _, servers in
            let (here, there) = (try await TestClient.connect(servers[0]), try await TestClient.connect(servers[1]))
            for client in [here, there] { try await client.join("room:1") }
            try servers[0].endpoint.localBroadcast("room:1", "note", ["n": 1] as JSON)
            try servers[0].endpoint.broadcast("room:1", "note", ["n": 2] as JSON)
            #expect(try await here.receiveText() == #"[null,null,"room:1","note",{"n":1}]"#)
            for client in [here, there] {
                #expect(try await client.receiveText() == #"[null,null,"room:1","note",{"n":2}]"#)
            }
        }
    }
}
