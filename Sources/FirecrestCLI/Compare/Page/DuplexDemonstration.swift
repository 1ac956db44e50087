// Firecrest — both sides send at once, over each way that can: when each byte went.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import NIOCore
import NIOPosix

/// What each side sends.
struct DuplexPlan: Sendable {
    var messages = 16
    var interval = TimeAmount.milliseconds(5)
    var payloadBytes = 120

    var json: JSON {
        [
            "messages": .integer(Int64(messages)),
            "interval_ms": .number(Double(interval.nanoseconds) / 1e6), "payload_bytes": .integer(Int64(payloadBytes)),
        ]
    }
}

struct DuplexDemonstration: Sendable {
    var plan = DuplexPlan()

    private static let ways: [Way] = [.longPoll, .eventStream, .webSocket]

    /// Runs it over one way after the other, on a server of its own.
    ///
    /// - Throws: ``CompareError`` when a client cannot connect, or something sent has not come within two seconds.
    func run() async throws -> JSON {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let server: WayServer
        do {
            server = try await WayServer.start(port: 0)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        let result = await Task { try await run(server, group) }.result
        await server.stop()
        try? await group.shutdownGracefully()
        return try result.get()
    }

    private func run(_ server: WayServer, _ group: MultiThreadedEventLoopGroup) async throws -> JSON {
        var rows: [JSON] = []
        for way in Self.ways {
            rows.append(try await run(way, server, clientLoop: group.next(), serverLoop: group.next()))
        }
        return ["burst": plan.json, "ways": .array(rows)]
    }

    private func run(
        _ way: Way, _ server: WayServer, clientLoop: any EventLoop, serverLoop: any EventLoop
    ) async throws -> JSON {
        let plan = plan
        let port = server.port
        let client = try await clientLoop.submit {
            let environment = ClientEnvironment(loop: clientLoop, port: port, headers: .browser)
            let link: any ChannelLink =
                switch way {
                case .eventStream: EventStreamLink(environment)
                case .webSocket: WebSocketLink(environment)
                case .longPoll, .shortPoll: LongPollLink(environment)
                }
            let client = DuplexClient(environment, link: link, plan: plan)
            client.open()
            return NIOLoopBound(client, eventLoop: clientLoop)
        }.get()
        defer { clientLoop.execute { client.value.close() } }
        try await wait(for: client, "the channel could not be joined over \(way.rawValue)") { $0.isJoined ? true : nil }

        // Both sides begin at the same moment, which is far enough away for both to know of it.
        let begin = NIODeadline.now() + .milliseconds(20)
        try await clientLoop.submit { client.value.go(at: begin) }.get()
        let endpoint = server.endpoint
        for number in 1...plan.messages {
            serverLoop.scheduleTask(deadline: begin + plan.interval * (number - 1)) {
                let message = FeedMessage(number: number, sent: .now())
                try endpoint.localBroadcast(
                    Topic(DuplexClient.topic), FeedMessage.event, try message.payload(bytes: plan.payloadBytes))
            }
        }
        let result = try await wait(for: client, "not all arrived over \(way.rawValue)") { $0.finished }
        return Self.row(way, result, begin)
    }

    @discardableResult
    private func wait<T: Sendable>(
        for client: NIOLoopBound<DuplexClient>, _ problem: String,
        _ condition: @escaping @Sendable (DuplexClient) -> T?
    ) async throws -> T {
        let deadline = NIODeadline.now() + .seconds(2)
        while NIODeadline.now() < deadline {
            let (value, failure) = try await client.eventLoop.submit {
                (condition(client.value), client.value.failure)
            }.get()
            if let value { return value }
            if let failure { throw CompareError("\(problem): \(failure)") }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw CompareError("\(problem) within 2 s")
    }

    private static func row(_ way: Way, _ result: DuplexClient.Result, _ begin: NIODeadline) -> JSON {
        func microseconds(_ time: NIODeadline) -> Int64 { (time - begin).nanoseconds / 1_000 }
        func bytes(_ source: Source) -> JSON {
            .integer(Int64(result.events.filter { $0.transfer.source == source }.reduce(0) { $0 + $1.transfer.bytes }))
        }
        // A poll that waits since before is not of this time.
        let events = result.events.filter { $0.time >= begin }
        let last = events.last.map { microseconds($0.time) } ?? 0
        return [
            "way": .string(way.rawValue), "name": .string(name(way)),
            "connections": .integer(Int64(result.connections)), "duration_us": .integer(last),
            "up": ["messages": .integer(Int64(result.up)), "bytes": bytes(.client)],
            "down": ["messages": .integer(Int64(result.down)), "bytes": bytes(.server)],
            "round_trips": .integer(Int64(result.requests)),
            "events": .array(
                events.map { event in
                    [
                        "t_us": .integer(microseconds(event.time)),
                        "direction": event.transfer.source == .client ? "up" : "down",
                        "bytes": .integer(Int64(event.transfer.bytes)),
                        "connection": .integer(Int64(event.transfer.connection)),
                    ]
                }),
            "why": .string(why(way, result, milliseconds: Double(last) / 1_000)),
        ]
    }

    private static func name(_ way: Way) -> String {
        way == .eventStream ? "Server-sent events and POST" : way.name
    }

    private static func why(_ way: Way, _ result: DuplexClient.Result, milliseconds: Double) -> String {
        let time = TextReport.decimal(milliseconds)
        let sum = result.up + result.down
        switch way {
        case .webSocket:
            return """
                One connection carries both directions at once: \(result.up) messages up and \(result.down) down in \(time) \
                ms, each a frame of its own, and none waited for the other side.
                """
        case .eventStream:
            return """
                Down, the stream flows by itself. Up, messages are bodies of POST requests on another connection: \
                \(result.requests) requests for \(result.up) messages. While one is out, further messages wait for its \
                answer.
                """
        case .longPoll, .shortPoll:
            return """
                Neither direction flows: what goes down answers a request that was held, what goes up is a request of its \
                own, on \(result.connections) connections. \(result.requests) requests for \(sum) messages; between an \
                answer and the next question nothing can go down.
                """
        }
    }
}
