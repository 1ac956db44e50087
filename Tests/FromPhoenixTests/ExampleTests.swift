// Firecrest — runs what docs/from-phoenix.md shows; some of it is shown there, too.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestTesting
import NIOCore
import Testing

typealias UserSocket = Guide.UserSocket

// example: testing
@Suite struct RoomTests {
    let test: ChannelTest<UserSocket>

    init() throws {
        test = try ChannelTest(UserSocket.self)
    }

    @Test func a_message_is_broadcast_to_the_room() async throws {
        let ada = try await test.connect().join("room:lobby")
        let bob = try await test.connect().join("room:lobby")
        try await ada.push("new_msg", ["body": "hello"])
        #expect(try await bob.expectBroadcast("new_msg") == ["body": "hello"])
    }

    @Test func broadcasts_reach_the_client() async throws {
        let room = try await test.connect().join("room:lobby")
        try test.broadcast("room:lobby", "news", ["some": "data"])
        #expect(try await room.expectBroadcast("news") == ["some": "data"])
        try await room.expectNothing()
    }

    @Test func other_rooms_are_closed() async throws {
        let socket = try await test.connect()
        let refused = await #expect(throws: JoinRefused.self) { try await socket.join("room:42") }
        #expect(refused?.response == ["reason": "unauthorized"])
    }

    @Test func leaving_is_answered() async throws {
        let room = try await test.connect().join("room:lobby")
        try await room.leave()
    }
}
// end example

@Suite struct ExampleTests {
    @Test func intercepted_broadcasts_are_ignored_for_whom_one_ignores() async throws {
        let test = try ChannelTest(Intercepts.UserSocket.self)
        let ada = try await test.connect().join("room:1")
        let bob = try await test.connect().join("room:1")
        _ = try await ada.push("ignore", try Payload(encoding: 7)).expectReply()
        try await bob.push("greet", ["user_id": 7])
        try await bob.push("greet", ["user_id": 8])
        #expect(try await ada.expectPush("user_joined") == ["user_id": 8])
    }

    @Test func who_comes_back_gets_what_it_missed() async throws {
        let test = try ChannelTest(Missed.UserSocket.self)
        let socket = try await test.connect()
        let all = try await socket.join("rooms:1")
        #expect(all.joinResponse["messages"]?.arrayValue?.count == 2)
        let rest = try await socket.join("rooms:2", ["last_seen_id": 1])
        #expect(rest.joinResponse == ["messages": [["id": 2, "body": "two"]]])
    }

    @Test func replies() async throws {
        let test = try ChannelTest(Answers.UserSocket.self)
        let desk = try await test.connect().join("desk:1")
        let order = try await desk.push("order", ["sku": "a-1", "count": 2])
        #expect(try await order.expectReply() == ["sku": "a-1"])
        let none = try await desk.push("order", ["sku": "a-1", "count": 0])
        #expect(try await none.expectReply("error") == ["reason": "order at least one"])
        _ = try await desk.push("ping").expectReply()
        _ = try await desk.push("busy").expectReply("later")
        #expect(try await desk.push("report").expectReply() == ["pages": 3])
        let search = try await desk.push("search", try Payload(encoding: "swift"))
        #expect(try await search.expectReply() == ["found": "swift"])
        let thumbnail = try await desk.push("thumbnail", .binary([1, 2, 3, 4, 5])).reply()
        #expect(thumbnail.payload == .binary([1, 2, 3, 4]))
        _ = try await desk.push("quit").expectReply()
        try await desk.expectClosed()
    }

    // example: clock
    @Test func a_minute_passes_at_once() async throws {
        let test = try ChannelTest(Messages.UserSocket.self)
        let news = try await test.connect().join("news:today")
        #expect(try await news.expectPush("feed") == ["list": ["hello"]])
        try await test.clock.advance(by: .seconds(60))
        #expect(try await news.expectPush("tick") == ["count": 1])
    }
    // end example

    @Test func topics_of_others() async throws {
        let test = try ChannelTest(Messages.UserSocket.self)
        let news = try await test.connect().join("news:today")
        _ = try await news.push("follow", try Payload(encoding: "ada")).expectReply()
        try test.broadcast("author:ada", "post", ["title": "on engines"])
        #expect(try await news.expectPush("from_author") == ["title": "on engines"])
    }

    @Test func who_leaves_is_announced() async throws {
        let test = try ChannelTest(Messages.UserSocket.self)
        let ada = try await test.connect().join("news:today")
        let bob = try await test.connect().join("news:today")
        try await ada.leave()
        #expect(try await bob.expectBroadcast("user_left") == ["ticks": 0])
    }

    @Test func an_event_without_a_handler() async throws {
        let test = try ChannelTest(Quiet.UserSocket.self)
        let ping = try await test.connect().join("ping")
        #expect(try await ping.push("ping", ["a": 1]).expectReply() == ["a": 1])
        #expect(try await ping.push("pong").expectReply("error") == ["reason": "unknown event"])
    }

    @Test func connect_id_and_assigns() async throws {
        let test = try ChannelTest(Connecting.UserSocket.self)
        await #expect(throws: ConnectError.self) { try await test.connect(["key": "guess"]) }
        let socket = try await test.connect(["key": "swordfish"])
        let admin = try await socket.join("admin:1")
        #expect(try await admin.push("whoami").expectReply() == ["user": 42])
        #expect(try await admin.push("where").expectReply() == ["place": "admin"])
        try test.disconnect("users_socket:42")
        #expect(try await socket.expectClose() == 1001)
    }

    @Test func a_token_opens_the_socket() async throws {
        let test = try ChannelTest(SignedTokens.UserSocket.self)
        try await test.connect(authToken: try SignedTokens.sign(42)).join("room:lobby")
        await #expect(throws: ConnectError.self) { try await test.connect(authToken: "SFMyNTY.AA.AA") }
        await #expect(throws: ConnectError.self) { try await test.connect() }
        _ = try SignedTokens.endpoint()
        _ = try Sessions.endpoint()
    }

    @Test func endpoints() async throws {
        #expect(Endpoints.behindProxies().listen.count == 2)
        #expect(try Endpoints.plain().options.host == "localhost")
        #expect(try Endpoints.configured().options.host == "chat.example.com")
        try Endpoints.speak(try Endpoints.plain())
        _ = try await WebTokens.endpoint(secret: String(repeating: "secret, ", count: 4))
        try await TestServer.run(socket("/socket", Connecting.UserSocket.self)) { server in
            let client = try await TestClient.connect(server, path: TestClient.socketPath + "&key=swordfish")
            #expect(try await client.join("room:lobby").status == "ok")
        }
    }
}
