// Firecrest — how many topics one connection may join (rows 109-111)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Join: the limit")
struct JoinLimitTests {
    @Test("the 101st topic of a connection is refused, with both refs", arguments: Wire.all)
    func phx_109_limit(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await Self.joinHundred(client)
            try await client.play(
                """
                -> ["101","101","room:101","phx_join",{}]
                <- ["101","101","room:101","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                <- nothing
                """)
        }
    }

    @Test("after one leaves another may join", arguments: Wire.all)
    func phx_110_room_after_leave(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await Self.joinHundred(client)
            try await client.play(
                """
                -> ["50","x","room:50","phx_leave",{}]
                <- ["50","x","room:50","phx_reply",{"status":"ok","response":{}}]
                <- ["50","50","room:50","phx_close",{}]
                -> ["101","101","room:101","phx_join",{}]
                <- ["101","101","room:101","phx_reply",{"status":"ok","response":{}}]
                -> ["102","102","room:102","phx_join",{}]
                <- ["102","102","room:102","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                """)
        }
    }

    @Test("at the limit a joined topic may be joined again", arguments: Wire.all)
    func phx_111_rejoin_at_the_limit(wire: Wire) async throws {
        try await JoinSocket.connected(wire) { client, _ in
            try await Self.joinHundred(client)
            try await client.play(
                """
                -> ["200","200","room:50","phx_join",{}]
                <- ["200","200","room:50","phx_reply",{"status":"ok","response":{}}]
                <- ["50","50","room:50","phx_close",{}]
                <- nothing
                """)
        }
    }

    @Test("joins that have not been decided count", arguments: Wire.all)
    func pendingJoinsCount(wire: Wire) async throws {
        var options = SocketOptions()
        options.maxChannels = 2
        try await World.run(JoinSocket.self, wire: wire, socket: options) { world in
            let client = try await world.connect()
            try await client.play(
                """
                -> ["1","1","room:1","phx_join",{"do":"wait"}]
                -> ["2","2","room:2","phx_join",{"do":"wait"}]
                -> ["3","3","room:3","phx_join",{}]
                <- ["3","3","room:3","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]
                """)
        }
    }

    private static func joinHundred(_ client: TestClient) async throws {
        try await client.sendTogether((1...100).map { #"["\#($0)","\#($0)","room:\#($0)","phx_join",{}]"# })
        for number in 1...100 {
            try await client.play(
                #"<- ["\#(number)","\#(number)","room:\#(number)","phx_reply",{"status":"ok","response":{}}]"#)
        }
    }
}
