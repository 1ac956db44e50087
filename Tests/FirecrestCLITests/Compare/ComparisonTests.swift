// Firecrest — short comparisons from beginning to end, their sums, and what the page opens
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("compare: runs")
struct ComparisonTests {
    private static func settings(_ change: (inout CompareSettings) -> Void = { _ in }) -> CompareSettings {
        var settings = CompareSettings()
        settings.rate = 20
        settings.clients = 2
        settings.pollInterval = 100
        settings.seconds = 1
        change(&settings)
        return settings
    }

    @Test("everybody gets everything once, and the figures of each way add up")
    func addsUp() async throws {
        let snapshots = NIOLockedValueBox<[ComparisonSnapshot]>([])
        let last = try await Comparison(Self.settings()).run { snapshot in
            snapshots.withLockedValue { $0.append(snapshot) }
        }
        #expect(last.phase == .done && last.error == nil)
        #expect(last.rows.map(\.figures.way) == Way.allCases)
        #expect(last.sent >= 15)
        for row in last.rows {
            let figures = row.figures
            #expect(figures.messages == 2 * last.sent, "\(figures)")
            #expect(figures.lost == 0 && figures.doubled == 0 && figures.failures == 0, "\(figures)")
            #expect(figures.connections == 0 && figures.connectionsOpened >= 2)
            #expect(figures.requestHead?.count == figures.total.requests)
            #expect(figures.serverCPU > 0)
            #expect(figures.opening.requests >= 2 && figures.opening.bytesUp > 0)
            #expect(figures.total.bytesUp >= figures.opening.bytesUp)
            // Each payload at least went down.
            #expect(figures.total.bytesDown > figures.messages * 120)
            // All of what goes up in requests without a body is their heads.
            if figures.way == .shortPoll, let head = figures.requestHead {
                #expect(figures.total.bytesUp >= head.smallest * head.count)
                #expect(figures.total.bytesUp <= head.largest * head.count)
                // The end may come while a client waits for its last answer.
                let answers = figures.responseHead?.count ?? 0
                #expect((figures.total.requests - 2...figures.total.requests).contains(answers))
            }
            if figures.way == .webSocket {
                // Join and close up; join reply, close and the messages down.
                #expect(figures.frameHeaderUp?.count == 4)
                #expect(figures.frameHeaderDown?.count == 4 + figures.messages)
            }
        }
        let requests = Dictionary(uniqueKeysWithValues: last.rows.map { ($0.figures.way, $0.figures.total.requests) })
        #expect(requests[.eventStream] == 2 && requests[.webSocket] == 2)
        #expect((requests[.shortPoll] ?? 0) > 2 && (requests[.longPoll] ?? 0) > 2)
        #expect(snapshots.withLockedValue { $0.map(\.phase) }.starts(with: [.running]))
    }

    @Test("more clients and a faster feed while it runs, then an end before its time")
    func adjusts() async throws {
        let comparison = Comparison(Self.settings { $0.seconds = 60 })
        let step = NIOLockedValueBox(0)
        let last = try await comparison.run { snapshot in
            step.withLockedValue { step in
                switch step {
                case 0: _ = try? comparison.adjust { try $0.apply(["clients": 4, "rate": 100], adjusting: true) }
                case 1:
                    guard snapshot.rows.allSatisfy({ $0.figures.connectionsOpened >= 4 }) else { return }
                    let fewer: JSON = ["clients": 1, "poll_interval_ms": 50]
                    _ = try? comparison.adjust { try $0.apply(fewer, adjusting: true) }
                case 2: comparison.stop()
                default: break
                }
                step += 1
            }
        }
        #expect(last.phase == .done)
        #expect(last.elapsed < .seconds(50))
        #expect(last.settings.clients == 1 && last.settings.rate == 100)
        for row in last.rows {
            #expect(row.figures.lost == 0 && row.figures.doubled == 0 && row.figures.failures == 0, "\(row.figures)")
            #expect(row.figures.connectionsOpened >= 4)
            #expect(row.figures.messages > last.sent)
        }
    }

    @Test("a port that is taken is a clear error, and nothing is left behind")
    func failsClearly() async throws {
        let taken = try await WayServer.start(port: 0)
        let base = taken.port - Way.webSocket.index
        let error = await #expect(throws: CompareError.self) {
            try await Comparison(
                Self.settings { $0.ways = [.webSocket] }, ports: .init(listenBase: base)
            ).run { _ in }
        }
        #expect(error?.description.contains("\(taken.port)") == true, "\(String(describing: error))")
        await taken.stop()
    }

    // MARK: what the page opens

    @Test("the handshake: key, digest and accept, and the frames that follow bit by bit")
    func opensTheHandshake() async throws {
        let comparison = Comparison(Self.settings { $0.ways = [.webSocket] })
        _ = try await comparison.run { _ in }
        let report = try #require(comparison.conversation?.report(run: 3))
        #expect(report["run"] == 3)
        #expect(report["accept"] == report["accept_received"])
        #expect(report["guid"] == "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        #expect(report["sha1_hex"]?.stringValue?.filter { $0 != " " }.count == 40)
        let key = try #require(report["key"]?.stringValue)
        #expect(report["request"]?.stringValue?.contains("Sec-WebSocket-Key: \(key)\r\n") == true)
        #expect(report["response"]?.stringValue?.hasPrefix("HTTP/1.1 101 ") == true)
        let findings = try #require(report["findings"]?.arrayValue)
        #expect(findings.count == 2 + RecordedConversation.maxFrames)
        #expect(findings.prefix(2).map { $0["finding"]?["type"] } == ["head", "head"])
        #expect(findings.allSatisfy { $0["finding"]?["errors"] == [] })
        let join = try #require(findings.first { $0["finding"]?["from"] == "client" && $0["bits"] != nil })
        #expect(join["finding"]?["message"]?["phoenix"]?["event"] == "phx_join")
        let bits = try #require(join["bits"]?.arrayValue)
        #expect(
            bits.map { $0["name"] } == ["FIN", "RSV1", "RSV2", "RSV3", "opcode", "MASK", "length", "masking key"])
        #expect(bits.map { $0["bits"]?.stringValue?.filter { $0 != " " }.count } == [1, 1, 1, 1, 4, 1, 7, 32])
        let tick = try #require(findings.last)
        #expect(tick["bits"]?.arrayValue?.map { $0["name"] }.last == "extended length")
        let times = findings.compactMap { $0["t_us"]?.intValue }
        #expect(times == times.sorted() && times.first == 0)
    }

    @Test("both sides send at once, over each way that can, and all of it arrives")
    func showsBothDirections() async throws {
        let report = try await DuplexDemonstration().run()
        let ways = try #require(report["ways"]?.arrayValue)
        #expect(ways.map { $0["way"] } == ["long_poll", "sse", "websocket"])
        for way in ways {
            #expect(way["up"]?["messages"] == 16 && way["down"]?["messages"] == 16, "\(way)")
            let events = try #require(way["events"]?.arrayValue)
            #expect(events.contains { $0["direction"] == "up" } && events.contains { $0["direction"] == "down" })
            #expect(events.allSatisfy { ($0["t_us"]?.intValue ?? -1) >= 0 })
        }
        #expect(ways.map { $0["connections"] } == [2, 2, 1])
        #expect(ways.last?["round_trips"] == 0)
        // The directions really share the time: neither waits for the other's end.
        let events = ways.last?["events"]?.arrayValue ?? []
        let up = events.filter { $0["direction"] == "up" }.compactMap { $0["t_us"]?.intValue }
        let down = events.filter { $0["direction"] == "down" }.compactMap { $0["t_us"]?.intValue }
        #expect(try #require(down.min()) < (try #require(up.max())))
        #expect(try #require(up.min()) < (try #require(down.max())))
    }

    @Test("the page's channel: limits at the join, one comparison at a time, snapshots to everybody, an end")
    func servesThePage() async throws {
        let host = CompareHost.shared
        try await TestServer.run(socket("/socket", PlaygroundSocket.self)) { server in
            host.attach(server.endpoint)
            let client = try await TestClient.connect(server)
            let joined = try await client.join("compare:run")
            #expect(joined.response?["limits"]?["clients"] == [1, 200])
            #expect(joined.response?["defaults"]?["ways"]?.arrayValue?.count == 4)
            #expect(try await client.join("compare:other", joinRef: "2", ref: "2").status == "error")

            func ask(_ event: String, _ payload: String, _ ref: String) async throws -> ReceivedMessage {
                try await client.push(
                    joinRef: "1", ref: .string(ref), topic: "compare:run", event: event, payloadJSON: payload)
                while true {
                    let message = try await client.receiveMessage()
                    if message.event == "phx_reply", message.ref == .string(ref) { return message }
                }
            }
            let idle = try await ask("adjust", "{}", "10")
            #expect(idle.status == "error" && idle.response?["code"] == "idle")
            let invalid = try await ask("start", #"{"rate": 0}"#, "11")
            #expect(invalid.status == "error" && invalid.response?["option"] == "rate")
            let started = try await ask("start", #"{"ways": ["websocket"], "clients": 1}"#, "12")
            #expect(started.status == "ok" && started.response?["settings"]?["clients"] == 1)
            let second = try await ask("start", "{}", "13")
            #expect(second.response?["code"] == "running")
            #expect(try await ask("stop", "{}", "14").status == "ok")
            var states: [JSON?] = []
            while states.last != "done" {
                let message = try await client.receiveMessage()
                guard message.event == "snapshot" else { continue }
                states.append(message.payload["state"])
                #expect(message.payload["flash"] != nil && message.payload["run"] == started.response?["run"])
            }
            let handshake = try await ask("handshake", "{}", "15")
            #expect(handshake.status == "ok" && handshake.response?["accept"] != nil)
        }
    }
}
