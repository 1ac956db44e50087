// Firecrest — conformance: subprotocols.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct SubprotocolTests {
    @Test func phx_33_with_no_list_an_offer_is_ignored() async throws {
        let answer = try await answer(served: nil, offered: "foo")
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
    }

    @Test(arguments: ["mqtt, sip", "mqtt,sip", "sip, mqtt", "x, sip , mqtt"])
    func phx_34_the_server_prefers_in_its_own_order(offered: String) async throws {
        let answer = try await answer(served: ["sip", "mqtt"], offered: offered)
        #expect(answer.status == 101)
        #expect(answer.all("sec-websocket-protocol") == ["sip"])
    }

    @Test(arguments: ["mqtt", "SIP", "sipp", ""])
    func phx_35_an_offer_of_others_only_is_403(offered: String) async throws {
        let answer = try await answer(served: ["sip"], offered: offered)
        #expect(answer.status == 403)
        #expect(answer.text.isEmpty)
        #expect(answer.errorCode == "no_common_subprotocol")
    }

    @Test func phx_36_a_client_that_offers_none_is_accepted() async throws {
        let answer = try await answer(served: ["sip"], offered: nil)
        #expect(answer.status == 101)
        #expect(answer["sec-websocket-protocol"] == nil)
    }

    private func answer(served: [String]?, offered: String?) async throws -> HTTPAnswer {
        var websocket = WebSocketOptions()
        websocket.subprotocols = served
        return try await TestServer.run(socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            return try await client.upgrade(headers: offered.map { [("Sec-WebSocket-Protocol", $0)] } ?? [])
        }
    }
}
