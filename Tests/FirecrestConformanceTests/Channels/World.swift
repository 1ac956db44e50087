// Firecrest — what a test shares with the channels that it tests: gates to hold them at, and a record of what they did.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Firecrest
import FirecrestTestSupport
import NIOConcurrencyHelpers
import Testing

/// One running server together with what its channels and its test tell each other.
///
/// Clients name their world in the URL; `connect` puts it into the assigns of their channels.
final class World: Sendable {
    let server: TestServer
    let id: String
    /// What its clients speak.
    let wire: Wire
    private let gates = NIOLockedValueBox<[String: Gate]>([:])
    private let record = Record()
    private let replyRefs = NIOLockedValueBox<[ReplyRef]>([])
    private let channelRefs = NIOLockedValueBox<[ChannelRef]>([])

    private static let all = NIOLockedValueBox<(last: Int, worlds: [String: World])>((0, [:]))

    private init(server: TestServer, wire: Wire) {
        self.server = server
        self.wire = wire
        id = Self.all.withLockedValue { all in
            all.last += 1
            return "\(all.last)"
        }
        Self.all.withLockedValue { $0.worlds[id] = self }
    }

    /// Runs a server with `type` at `/socket`, over every transport, for the length of `body`.
    static func run<S: WorldSocket, Result: Sendable>(
        _ type: S.Type, wire: Wire = .v2, socket options: SocketOptions = SocketOptions(),
        longpoll: LongPollOptions = true,
        endpoint: EndpointOptions = .test, share: ServerShare = .shared, _ body: (World) async throws -> Result
    ) async throws -> Result {
        let part = socket("/socket", type, longpoll: longpoll, sse: true, options: options)
        return try await TestServer.run(options: endpoint, share: share, part) { server in
            let world = World(server: server, wire: wire)
            defer {
                // Whoever still waits goes on, so that no task outlives its server.
                for gate in world.gates.withLockedValue({ Array($0.values) }) { gate.open() }
                _ = all.withLockedValue { $0.worlds.removeValue(forKey: world.id) }
            }
            return try await body(world)
        }
    }

    static func named(_ id: String?) -> World? {
        id.flatMap { id in all.withLockedValue { $0.worlds[id] } }
    }

    static func assigns(_ params: ConnectParams) throws -> Assigns {
        guard let world = named(params.string("world")) else {
            throw ConnectError.refused(reason: "no such world")
        }
        var assigns = Assigns()
        assigns[.world] = world
        return assigns
    }

    /// A client that speaks `wire`; the world's own when it is nil.
    func connect(_ wire: Wire? = nil) async throws -> TestClient {
        try await TestClient.connect(server, wire ?? self.wire, query: "world=\(id)")
    }

    /// A client by WebSocket with a version of its own in the URL, or with none.
    func connect(vsn: String?) async throws -> TestClient {
        let vsn = vsn.map { "&vsn=\($0)" } ?? ""
        return try await TestClient.connect(server, path: "/socket/websocket?world=\(id)\(vsn)")
    }

    /// Many clients at once, each joined to `topic`.
    func crowd(_ count: Int, topic: String, wire: (Int) -> Wire? = { _ in nil }) async throws -> [TestClient] {
        var clients: [TestClient] = []
        for index in 0..<count {
            let client = try await connect(wire(index))
            try await client.push(joinRef: "1", ref: "1", topic: topic, event: "phx_join")
            clients.append(client)
        }
        for client in clients {
            let reply = try await client.receiveMessage(timeout: .seconds(20))
            guard reply.status == "ok" else { throw TestFailure("one of a crowd could not join: \(reply)") }
        }
        return clients
    }

    /// Waits until the server knows of `count` clients, whatever carries them.
    func waitForClients(_ count: Int) async throws {
        try await server.waitForStatistics("\(count) clients are left") {
            $0.webSocketsOpen + $0.longPollSessionsOpen + $0.streamsOpen == count
        }
    }

    // MARK: for channels and tests

    func gate(_ name: String) -> Gate {
        gates.withLockedValue { gates in
            if let gate = gates[name] { return gate }
            let gate = Gate()
            gates[name] = gate
            return gate
        }
    }

    /// A channel notes that something happened.
    func note(_ what: String) { record.add(what) }

    /// Everything noted so far.
    var notes: [String] { record.all }

    /// Waits until something was noted `count` times.
    func wait(for what: String, count: Int = 1, timeout: Duration = TestClient.patience) async throws {
        try await record.wait(for: what, count: count, timeout: timeout)
    }

    func keep(_ ref: ReplyRef) { replyRefs.withLockedValue { $0.append(ref) } }
    var replyRef: ReplyRef? { replyRefs.withLockedValue { $0.last } }

    func keep(_ ref: ChannelRef) { channelRefs.withLockedValue { $0.append(ref) } }
    var channelRef: ChannelRef? { channelRefs.withLockedValue { $0.last } }

    func broadcast(_ topic: Topic, _ event: String, _ payload: JSON = [:]) throws {
        try server.endpoint.broadcast(topic, event, payload)
    }
}

/// What a channel throws when a test wants it to.
struct Thrown: Error {}

extension AssignKey<World> {
    static let world = AssignKey("world")
}

extension ChannelSocket {
    var world: World? { assigns[.world] }
}

/// A socket whose clients name their world.
protocol WorldSocket: Socket {}

extension WorldSocket {
    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        try World.assigns(params)
    }
}

/// Closed until it is opened, then open for ever.
final class Gate: Sendable {
    private let state = NIOLockedValueBox<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLockedValue { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// For code on a thread that may block.
    func block() {
        let semaphore = DispatchSemaphore(value: 0)
        Task {
            await pass()
            semaphore.signal()
        }
        semaphore.wait()
    }

    func open() {
        let waiting = state.withLockedValue { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// What happened, in order, and who waits for more of it.
private final class Record: Sendable {
    private struct Waiter {
        let what: String
        let count: Int
        let continuation: CheckedContinuation<Bool, Never>

        func isSatisfied(by all: [String]) -> Bool { all.count { $0 == what } >= count }
    }

    private struct State {
        var all: [String] = []
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
    }

    private let state = NIOLockedValueBox(State())

    var all: [String] { state.withLockedValue { $0.all } }

    func add(_ what: String) {
        let due = state.withLockedValue { state in
            state.all.append(what)
            let due = state.waiters.filter { $0.value.isSatisfied(by: state.all) }
            for id in due.keys { state.waiters[id] = nil }
            return due
        }
        for waiter in due.values { waiter.continuation.resume(returning: true) }
    }

    func wait(for what: String, count: Int, timeout: Duration) async throws {
        let id = state.withLockedValue { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let limit = Task {
            try await Task.sleep(for: timeout)
            state.withLockedValue { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: false)
        }
        defer { limit.cancel() }
        let happened = await withCheckedContinuation { continuation in
            let waiter = Waiter(what: what, count: count, continuation: continuation)
            let isSatisfied = state.withLockedValue { state in
                if waiter.isSatisfied(by: state.all) { return true }
                state.waiters[id] = waiter
                return false
            }
            if isSatisfied { continuation.resume(returning: true) }
        }
        guard happened else {
            throw TestFailure("\"\(what)\" did not happen \(count) times within \(timeout); what happened: \(all)")
        }
    }
}
