// Firecrest — bad input 5: frames that do not wait for the 101.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct PipelinedFramesTests {
    @Test func bad_5_frames_in_one_write_with_the_upgrade_are_all_handled_in_order() async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            var bytes = ByteBuffer(string: TestClient.upgradeRequest())
            bytes.writeImmutableBuffer(try Self.frames(count: 300))
            try await client.sendBytes(bytes)
            try await Self.expectReplies(client, count: 300)
        }
    }

    /// `connect` takes its time, and the frames are there long before it is through.
    @Test func bad_5_frames_that_come_while_connect_decides_are_all_handled_in_order() async throws {
        try await TestServer.run(socket("/socket", SlowConnectSocket.self)) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(TestClient.upgradeRequest())
            try await client.sendBytes(try Self.frames(count: 300))
            try await Self.expectReplies(client, count: 300)
        }
    }

    /// However the bytes are cut.
    @Test(arguments: [1, 2, 3, 7, 64])
    func bad_5_an_upgrade_and_its_frames_may_come_in_pieces_of_any_size(size: Int) async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            var bytes = ByteBuffer(string: TestClient.upgradeRequest())
            bytes.writeImmutableBuffer(try Self.frames(count: 3))
            while let piece = bytes.readSlice(length: min(size, bytes.readableBytes)), piece.readableBytes > 0 {
                try await client.sendBytes(piece)
            }
            try await Self.expectReplies(client, count: 3)
        }
    }

    /// A refused upgrade ends the connection; what came behind it is nobody's request.
    @Test func bad_5_what_comes_behind_a_refused_upgrade_is_not_taken_for_a_request() async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            let refused = TestClient.upgradeRequest("/socket/websocket?vsn=9.0.0")
            let answer = try await client.request(raw: refused + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.status == 403)
            #expect(try await client.receiveRest().readableBytes == 0)
        }
    }

    /// A join and then echoes, numbered.
    private static func frames(count: Int) throws -> ByteBuffer {
        var bytes = RawFrame(try TestClient.message(joinRef: "1", ref: "0", topic: "room:1", event: "phx_join")).bytes
        for number in 1...count {
            let text = try TestClient.message(
                joinRef: "1", ref: .string("\(number)"), topic: "room:1", event: "echo",
                payloadJSON: #"{"n":\#(number),"filler":"\#(String(repeating: "x", count: 300))"}"#)
            bytes.writeImmutableBuffer(RawFrame(text).bytes)
        }
        return bytes
    }

    private static func expectReplies(_ client: TestClient, count: Int) async throws {
        #expect(try await client.receiveAnswer().status == 101)
        for number in 0...count {
            let reply = try await client.receiveMessage()
            try #require(reply.ref == .string("\(number)"))
            #expect(reply.status == "ok")
        }
    }
}

/// Lets everybody in, after a while.
private struct SlowConnectSocket: Socket {
    static let channels = RoomSocket.channels

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        try await Task.sleep(for: .milliseconds(100))
        return Assigns()
    }
}
