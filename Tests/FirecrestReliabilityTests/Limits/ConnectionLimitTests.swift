// Firecrest — tests of the limits on connections, in all and of one address.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct ConnectionLimitTests {
    @Test func one_connection_too_many_is_answered_with_503() async throws {
        var options = EndpointOptions.test
        options.maxConnections = 4
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let held = try await fill(server, 4)
            // One that waits for the server to speak, and one that speaks first.
            let silent = try await TestClient.open(server)
            try await expectRefused(try await silent.receiveAnswer(), 503, Self.tooMany)
            #expect(try await silent.waitForClose() == .eof)
            let hasty = try await TestClient.open(server)
            hasty.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest()))
            try await expectRefused(try await hasty.receiveAnswer(), 503, Self.tooMany)
            #expect(await server.statistics().connectionsRefused == 2)
            #expect(await server.statistics().upgradesAccepted == 2)
            try await expectRoomAgain(server, held)
        }
    }

    @Test func one_connection_too_many_of_an_address_is_answered_with_429() async throws {
        var options = EndpointOptions.test
        options.maxConnectionsPerAddress = 4
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let held = try await fill(server, 4)
            let client = try await TestClient.open(server)
            try await expectRefused(try await client.receiveAnswer(), 429, Self.tooManyFromAddress)
            #expect(try await client.waitForClose() == .eof)
            #expect(await server.statistics().connectionsRefused == 1)
            try await expectRoomAgain(server, held)
        }
    }

    /// Without either option there is room for as many as the process may have descriptors, less the reserve.
    @Test func by_default_connections_leave_a_part_of_the_descriptors() {
        let limit = DescriptorLimit.current
        let connections = DescriptorLimit.connections
        #expect(connections == limit - min(max(32, limit / 16), 256))
        #expect(Admission().maxConnections == connections)
    }

    private static let tooMany = (
        code: "too_many_connections", sentence: "The server holds as many connections as it may; try again later."
    )
    private static let tooManyFromAddress = (
        code: "too_many_connections_from_address",
        sentence: "This address holds as many connections as it may; close one of them first."
    )

    /// Half WebSockets, half connections that have made a request.
    private func fill(_ server: TestServer, _ count: Int) async throws -> [TestClient] {
        var clients: [TestClient] = []
        for index in 0..<count {
            if index % 2 == 0 {
                clients.append(try await TestClient.connect(server))
            } else {
                let client = try await TestClient.open(server)
                #expect(try await client.get("/").status == 404)
                clients.append(client)
            }
        }
        return clients
    }

    private func expectRefused(
        _ answer: HTTPAnswer, _ status: Int, _ refusal: (code: String, sentence: String)
    ) async throws {
        #expect(answer.status == status)
        #expect(answer.errorCode == refusal.code)
        #expect(answer["connection"] == "close")
        #expect(answer["retry-after"] == "5")
        #expect(answer.text == "\(refusal.sentence) (\(refusal.code))\n")
    }

    /// A place is free once the server has seen that somebody went.
    private func expectAccepted(_ server: TestServer) async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while true {
            let client = try await TestClient.open(server)
            client.sendWithoutWaiting(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
            let status = try await client.receiveAnswer().status
            if status == 404 { return }
            try #require([429, 503].contains(status) && ContinuousClock.now < deadline, "no place gets free")
            try await client.waitForClose()
        }
    }

    /// Who is there is served; who goes makes room, a WebSocket as well as another connection.
    private func expectRoomAgain(_ server: TestServer, _ held: [TestClient]) async throws {
        #expect(try await held[0].heartbeat().status == "ok")
        for gone in [held[0], held[1]] {
            gone.drop()
            try await expectAccepted(server)
        }
        let client = try await TestClient.open(server)
        #expect([429, 503].contains(try await client.receiveAnswer().status))
    }
}
