// Firecrest — the example's rooms, tested without a network.
// SPDX-License-Identifier: Apache-2.0

import Chat
import Firecrest
import FirecrestTesting
import Testing

struct RoomChannelTests {
    let test: ChannelTest<ChatSocket>

    init() throws {
        test = try ChannelTest(ChatSocket.self)
    }

    @Test func a_client_without_a_name_may_not_connect() async {
        await #expect(throws: ConnectError.self) { try await test.connect() }
    }

    @Test func joining_tells_the_topic_line() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        #expect(room.joinResponse == ["topic_line": "Welcome to lobby"])
    }

    @Test func the_staff_room_needs_its_password() async throws {
        let socket = try await test.connect(["name": "Ada"])
        let refusal = await #expect(throws: JoinRefused.self) { try await socket.join("room:staff") }
        #expect(refusal?.response == ["reason": "staff only"])
        try await socket.join("room:staff", ["password": "swordfish"])
    }

    @Test func a_topic_of_nobody_is_refused() async throws {
        let socket = try await test.connect(["name": "Ada"])
        await #expect(throws: JoinRefused.self) { try await socket.join("attic:1") }
    }

    @Test func a_message_reaches_everybody_in_its_room_and_nobody_else() async throws {
        let ada = try await test.connect(["name": "Ada"]).join("room:lobby")
        let bob = try await test.connect(["name": "Bob"]).join("room:lobby")
        let eve = try await test.connect(["name": "Eve"]).join("room:kitchen")
        _ = try await ada.expectBroadcast("user_joined")

        let response = try await ada.push("new_msg", ["body": "Hello!"]).expectReply()
        #expect(response == ["sent": 1])
        let expected: JSON = ["from": "Ada", "body": "Hello!"]
        #expect(try await ada.expectBroadcast("new_msg") == expected)
        #expect(try await bob.expectBroadcast("new_msg") == expected)
        try await eve.expectNothing()
    }

    @Test func the_others_hear_who_came() async throws {
        let ada = try await test.connect(["name": "Ada"]).join("room:lobby")
        let bob = try await test.connect(["name": "Bob"]).join("room:lobby")
        #expect(try await ada.expectBroadcast("user_joined") == ["name": "Bob"])
        try await bob.expectNothing()
    }

    @Test func an_empty_message_is_refused() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        let response = try await room.push("new_msg", ["body": ""]).expectReply("error")
        #expect(response == ["reason": "empty message"])
    }

    @Test func a_message_of_another_shape_is_refused_and_the_room_goes_on() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        try await room.push("new_msg", ["text": 7]).expectReply("error")
        try await room.push("new_msg", ["body": "again"]).expectReply()
    }

    @Test func a_reminder_comes_when_its_time_has_come() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        try await room.push("remind_me", ["text": "tea", "seconds": 300]).expectReply()
        try await test.clock.advance(by: .seconds(299))
        try await room.expectNothing()
        try await test.clock.advance(by: .seconds(2))
        #expect(try await room.expectPush("reminder") == ["text": "tea"])
    }

    @Test func slow_work_is_answered_when_it_is_done() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        let response = try await room.push("translate", ["body": "quiet"]).expectReply()
        #expect(response == ["body": "QUIET"])
    }

    @Test func an_event_that_nobody_handles_ends_the_channel() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        try await room.push("nonsense")
        try await room.expectCrash()
    }

    @Test func news_from_outside_reach_the_room() async throws {
        let room = try await test.connect(["name": "Ada"]).join("room:lobby")
        try test.broadcast("room:lobby", "news", ["headline": "rain"])
        #expect(try await room.expectBroadcast("news") == ["headline": "rain"])
        try await room.leave()
    }
}
