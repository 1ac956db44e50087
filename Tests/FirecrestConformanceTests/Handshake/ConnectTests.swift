// Firecrest — conformance: what the user's connect decides.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct ConnectTests {
    @Test func phx_15_a_client_that_connect_refuses_gets_403() async throws {
        try await TestServer.run(socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&reject=1&test=phx_15")
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "connect_refused")
            #expect(ParamsSocket.connectCalls(of: "phx_15") == 1)
            let statistics = await server.statistics()
            #expect(statistics.upgradesRefused == 1)
            #expect(statistics.upgradesAccepted == 0)
            #expect(statistics.webSocketsOpen == 0)
        }
    }

    @Test func phx_17_the_reason_of_a_refusal_is_logged_and_not_sent() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&reject=1")
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
            #expect(answer.headers.allSatisfy { !$0.value.contains("the test wants it") })
        }
        #expect(log.lines.contains { $0.metadata["reason"] == "the test wants it" })
    }
}
