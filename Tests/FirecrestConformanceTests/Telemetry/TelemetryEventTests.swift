// Firecrest — the events that an endpoint tells those who watch it (rows 265-269)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import NIOConcurrencyHelpers
import Testing

@Suite("Telemetry events")
struct TelemetryEventTests {
    static func run(
        _ body: (TestServer, Watcher) async throws -> Void
    ) async throws {
        let watcher = Watcher()
        var options = EndpointOptions.test
        options.nodeName = "node-1"
        options.telemetry = [watcher]
        try await TestServer.run(options: options, socket("/socket", WatchedSocket.self)) { server in
            try await body(server, watcher)
        }
    }

    @Test("of a connection say who, how long, and how it went")
    func phx_265_socket_connected() async throws {
        try await Self.run { server, watcher in
            _ = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&a[b]=1&id=user:1")
            let refused = try await TestClient.open(server)
            #expect(try await refused.upgrade("/socket/websocket?vsn=1.0.0&reject=1").status == 403)
            let events = watcher.events(SocketConnected.self)
            try #require(events.count == 2)
            #expect(SocketConnected.name == "phoenix.socket_connected")
            let event = events[0]
            #expect(event.duration > .zero)
            #expect(TestServer.isNode(event.endpoint, of: "node-1"))
            #expect(event.transport == "websocket")
            #expect(event.params["a"]?["b"]?.string == "1")
            #expect(event.connectInfo.remoteAddress == "127.0.0.1")
            #expect(event.vsn == "2.0.0")
            #expect(event.userSocket == "WatchedSocket")
            #expect(event.log == .notice)
            #expect(event.result == .ok)
            #expect(event.serializer == "v2_json")
            #expect(events[1].result == .error)
            #expect(events[1].vsn == "1.0.0")
        }
    }

    @Test("of a connection are not there for a refused version, nor when connect throws")
    func none() async throws {
        try await Self.run { server, watcher in
            for (path, status) in [("vsn=9.0.0", 403), ("vsn=2.0.0&throw=1", 500)] {
                let client = try await TestClient.open(server)
                #expect(try await client.upgrade("/socket/websocket?\(path)").status == status)
            }
            #expect(watcher.events(SocketConnected.self).isEmpty)
        }
    }

    @Test("of a join tell its result, before the reply")
    func phx_266_channel_joined() async throws {
        try await Self.run { server, watcher in
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&id=user:1")
            try await client.join("room:1", joinRef: "7", ref: "7", payloadJSON: #"{"deny":true}"#)
            try await client.join("room:1", joinRef: "8", ref: "8")
            let events = watcher.events(ChannelJoined.self)
            #expect(events.map(\.result) == [.error, .ok])
            let event = try #require(events.first)
            #expect(event.params.description == #"{"deny":true}"#)
            #expect(event.socket.topic == "room:1")
            #expect(event.socket.joinRef.plainText == "7")
            #expect(event.socket.channel == "WatchedRoom")
            #expect(event.socket.userSocket == "WatchedSocket")
            #expect(event.socket.socketID == "user:1")
            #expect(event.duration > .zero)
        }
    }

    @Test("of a join are not there when it throws")
    func phx_267_join_throws() async throws {
        try await Self.run { server, watcher in
            let client = try await TestClient.connect(server)
            let reply = try await client.join("room:1", payloadJSON: #"{"throw":true}"#)
            #expect(reply.payload["response"]?["reason"] == "join crashed")
            #expect(watcher.events(ChannelJoined.self).isEmpty)
        }
    }

    @Test("of a handled event are there for each kind of handler, not for one that throws")
    func phx_268_handler_throws() async throws {
        try await Self.run { server, watcher in
            let client = try await TestClient.connect(server)
            try await client.join("room:1")
            for (ref, event) in [("2", "sync"), ("3", "async"), ("4", "offloaded")] {
                try await client.push(
                    joinRef: "1", ref: .string(ref), topic: "room:1", event: event, payloadJSON: #"{"n":1}"#)
                #expect(try await client.receiveMessage().payload["status"] == "ok")
            }
            try await client.push(joinRef: "1", ref: "5", topic: "room:1", event: "throws")
            #expect(try await client.receiveMessage().event == "phx_error")
            let events = watcher.events(ChannelHandledIn.self)
            #expect(events.map(\.event) == ["sync", "async", "offloaded"])
            #expect(events.map { $0.ref.plainText } == ["2", "3", "4"])
            #expect(events.allSatisfy { $0.params.description == #"{"n":1}"# && $0.socket.topic == "room:1" })
            #expect(try #require(events.last).duration >= .milliseconds(5))
        }
    }

    @Test("of a leave are none")
    func phx_269_leave() async throws {
        try await Self.run { server, watcher in
            let client = try await TestClient.connect(server)
            try await client.join("room:1")
            try await client.push(joinRef: "1", ref: "2", topic: "room:1", event: "phx_leave")
            #expect(try await client.receiveMessage().payload["status"] == "ok")
            #expect(try await client.receiveMessage().event == "phx_close")
            #expect(watcher.events(ChannelHandledIn.self).isEmpty)
        }
    }

    @Test("tell that an endpoint listens, and that a connection is gone")
    func startAndEnd() async throws {
        try await Self.run { server, watcher in
            let started = try #require(watcher.events(EndpointStarted.self).first)
            #expect(TestServer.isNode(started.endpoint, of: "node-1"))
            #expect(started.addresses == server.addresses)
            #expect(started.systemTime > 1_700_000_000_000_000_000)
            let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&id=user:1")
            try await client.join("room:1")
            client.drop()
            try await server.waitForStatistics("the connection is gone") { $0.webSocketsOpen == 0 }
            let closed = try #require(watcher.events(SocketClosed.self).first)
            #expect(closed.socketID == "user:1")
            #expect(closed.channels == 1)
            #expect(closed.userSocket == "WatchedSocket")
        }
    }
}

/// Keeps what it is told.
final class Watcher: TelemetryHandler {
    private let all = NIOLockedValueBox<[any TelemetryEvent]>([])

    func handle(_ event: any TelemetryEvent) { all.withLockedValue { $0.append(event) } }

    func events<E: TelemetryEvent>(_ type: E.Type) -> [E] { all.withLockedValue { $0.compactMap { $0 as? E } } }
}

struct WatchedSocket: Socket {
    private static let userID = AssignKey<String>("user_id")

    static var channels: Channels {
        Channels {
            channel("room:*", WatchedRoom.self)
            channel("phoenix*", WatchedRoom.self)
        }
    }
    static var log: Logger.Level? { .notice }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        if params["reject"] != nil { throw ConnectError.refused }
        if params["throw"] != nil { throw TestFailure("the test wants it") }
        var assigns = Assigns()
        assigns[userID] = params.string("id")
        return assigns
    }

    static func id(_ assigns: Assigns) -> String? { assigns[userID] }
}

final class WatchedRoom: Firecrest.Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        if params["throw"] != nil { throw TestFailure("the test wants it") }
        return params["deny"] == nil ? .ok : .error(["reason": "denied"] as JSON)
    }

    static var events: [Event<WatchedRoom>] {
        on("sync") { _, _, _ in .ok }
        on("async") { _, _, _ in
            await Task.yield()
            return .ok
        }
        on("offloaded", .offloaded) { _ in
            // Long enough that a clock which is not started shows.
            let end = ContinuousClock.now + .milliseconds(6)
            while ContinuousClock.now < end {}
            return .ok
        }
        on("throws") { _, _, _ in throw TestFailure("the test wants it") }
    }
}
