// Firecrest — one client of a channel test.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
public import FirecrestProtocol
internal import NIOCore

/// A connected client.
public struct TestSocket: Sendable {
    let socket: LoopbackSocket
    let inbox: Inbox

    /// Joins a topic.
    ///
    /// - Throws: `JoinRefused` with the channel's answer when it says no.
    @discardableResult
    public func join(_ topic: Topic, _ params: JSON = [:]) async throws -> TestChannel {
        let channel = TestChannel(socket: self, topic: topic, joinRef: inbox.nextRef())
        try channel.send("phx_join", try Payload(params), ref: channel.joinRef)
        let reply = try await inbox.reply(to: channel.joinRef, on: topic.name)
        guard reply.status == "ok" else { throw JoinRefused(topic: topic, response: reply.response) }
        return TestChannel(socket: self, topic: topic, joinRef: channel.joinRef, joinResponse: reply.response)
    }

    func send(_ message: Message) throws {
        var frame = ByteBuffer()
        let kind = try ClientCodec(.v2).encode(message, into: &frame)
        socket.receive(frame, kind: kind)
    }

    /// Presents a fresh token, as a client does with the event `access_token` on the topic `phoenix`; returns the reply,
    /// whatever its status.
    @discardableResult
    public func present(token: String) async throws -> TestReply {
        let ref = inbox.nextRef()
        try send(
            Message(
                joinRef: .null, ref: Ref(plainText: ref), topic: .name("phoenix"), event: "access_token",
                payload: try Payload(["access_token": .string(token)] as JSON)))
        return try await inbox.reply(to: ref, on: "phoenix")
    }

    /// Ends the connection, as a client that goes away.
    public func disconnect() {
        socket.close()
    }

    /// Waits until the server closes the connection; returns the close code.
    public func expectClose() async throws -> UInt16 {
        try await inbox.close()
    }
}

/// A join that the channel refused, with its response.
public struct JoinRefused: Error, Sendable {
    public let topic: Topic
    public let response: JSON
}

/// A joined channel, from the client's side.
public struct TestChannel: Sendable {
    private let socket: TestSocket
    public let topic: Topic
    let joinRef: String
    /// What the channel answered to the join.
    public let joinResponse: JSON

    init(socket: TestSocket, topic: Topic, joinRef: String, joinResponse: JSON = .null) {
        self.socket = socket
        self.topic = topic
        self.joinRef = joinRef
        self.joinResponse = joinResponse
    }

    func send(_ event: String, _ payload: Payload, ref: String) throws {
        try socket.send(
            Message(
                joinRef: Ref(plainText: joinRef), ref: Ref(plainText: ref), topic: .name(topic.name), event: event,
                payload: payload))
    }

    /// Pushes an event; the result can wait for its reply.
    @discardableResult
    public func push(_ event: String, _ payload: JSON = [:]) async throws -> TestPush {
        try await push(event, try Payload(payload))
    }

    /// As above with any payload, for example `.binary(bytes)`.
    @discardableResult
    public func push(_ event: String, _ payload: Payload) async throws -> TestPush {
        let ref = socket.inbox.nextRef()
        try send(event, payload, ref: ref)
        return TestPush(inbox: socket.inbox, topic: topic.name, ref: ref)
    }

    /// Leaves, and waits until the channel has said so.
    public func leave() async throws {
        _ = try await push("phx_leave").reply()
        try await expectClosed()
    }

    /// Waits for an event pushed to this client alone; returns its payload.
    ///
    /// - Throws: `ExpectationFailed`; `PayloadError` when the payload is bytes, which `expectPushedPayload` takes.
    public func expectPush(_ event: String) async throws -> JSON {
        try await expectPushedPayload(event).decode(JSON.self)
    }

    /// As `expectPush`, for a payload of any kind.
    public func expectPushedPayload(_ event: String) async throws -> Payload {
        try await socket.inbox.payload("a push of \(event)") { [joinRef, topic] message in
            message.topic == topic.name && message.event == event && message.joinRef == .string(joinRef)
        }
    }

    /// Waits for a broadcast on this channel's topic; returns its payload.
    ///
    /// - Throws: `ExpectationFailed`; `PayloadError` when the payload is bytes, which `expectBroadcastPayload` takes.
    public func expectBroadcast(_ event: String) async throws -> JSON {
        try await expectBroadcastPayload(event).decode(JSON.self)
    }

    /// As `expectBroadcast`, for a payload of any kind.
    public func expectBroadcastPayload(_ event: String) async throws -> Payload {
        try await socket.inbox.payload("a broadcast of \(event)") { [topic] message in
            message.topic == topic.name && message.event == event && message.joinRef.isNull
        }
    }

    /// Waits for the normal end of this channel (`phx_close`).
    public func expectClosed() async throws {
        _ = try await expectPush("phx_close")
    }

    /// Waits for this channel's crash (`phx_error`).
    public func expectCrash() async throws {
        _ = try await expectPush("phx_error")
    }

    /// Checks that nothing more has come for this topic. Exact, not a matter of waiting: a message is sent through the
    /// socket and back, so everything handled before it would be here. What async work has yet to send is not seen.
    public func expectNothing() async throws {
        let ref = socket.inbox.nextRef()
        try socket.send(
            Message(
                joinRef: .null, ref: Ref(plainText: ref), topic: .name("phoenix"),
                event: OutboundMessage.Event.heartbeat, payload: .empty))
        _ = try await socket.inbox.reply(to: ref, on: "phoenix")
        let left = socket.inbox.waiting(on: topic.name)
        guard left.isEmpty else { throw ExpectationFailed(expected: "nothing on \(topic)", unread: left) }
    }
}

/// A message on its way to the channel.
public struct TestPush: Sendable {
    let inbox: Inbox
    let topic: String
    let ref: String

    /// Waits for the reply, whatever its status.
    public func reply() async throws -> TestReply {
        try await inbox.reply(to: ref, on: topic)
    }

    /// Waits for a reply with this status; returns its response.
    @discardableResult
    public func expectReply(_ status: String = "ok") async throws -> JSON {
        let reply = try await reply()
        guard reply.status == status else {
            throw ExpectationFailed(expected: "a reply \(status)", unread: ["reply \(reply.status): \(reply.response)"])
        }
        return reply.response
    }
}

/// A channel's answer to one push.
public struct TestReply: Sendable, Hashable {
    public let status: String
    /// The response, of whatever kind.
    public let payload: Payload
    /// The response as JSON; null when it is bytes.
    public var response: JSON { (try? payload.decode(JSON.self)) ?? .null }
}
