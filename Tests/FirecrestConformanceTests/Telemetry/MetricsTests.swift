// Firecrest — what reaches swift-metrics and the tracer
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import InMemoryTracing
import MetricsTestKit
import Testing
import Tracing

@Suite("Metrics and traces")
struct MetricsTests {
    /// Joins, handles two known events, an unknown one that crashes, and leaves names of its own everywhere.
    private static func play(_ server: TestServer) async throws {
        let client = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0&evil_label=1")
        try await client.join("room:evil_label")
        for (ref, event) in [("2", "sync"), ("3", "async"), ("4", "evil_label")] {
            try await client.push(joinRef: "1", ref: .string(ref), topic: "room:evil_label", event: event)
            _ = try await client.receiveMessage()
        }
        try await client.join("room:evil_label", joinRef: "5", ref: "5", payloadJSON: #"{"deny":true}"#)
        client.drop()
        try await server.waitForStatistics("the client is gone") { $0.webSocketsOpen == 0 }
    }

    @Test("durations by names that the code has, counters at most an interval late")
    func metrics() async throws {
        let metrics = TestMetrics()
        var options = EndpointOptions.test
        options.metrics = metrics
        options.metricsInterval = .milliseconds(20)
        try await TestServer.run(options: options, socket("/socket", WatchedSocket.self)) { server in
            try await Self.play(server)
            await server.endpoint.publishMetrics()
        }
        let connected = try metrics.expectTimer(
            "phoenix.socket_connected", [("socket", "WatchedSocket"), ("result", "ok")])
        #expect(connected.values.count == 1)
        for (result, count) in [("ok", 1), ("error", 1)] {
            let joined = try metrics.expectTimer(
                "phoenix.channel_joined", [("channel", "WatchedRoom"), ("result", result)])
            #expect(joined.values.count == count)
        }
        for event in ["sync", "async"] {
            let handled = try metrics.expectTimer(
                "phoenix.channel_handled_in", [("channel", "WatchedRoom"), ("event", event)])
            #expect(handled.values.count == 1)
        }
        #expect(try metrics.expectCounter("firecrest.channels_joined").totalValue == 1)
        #expect(try metrics.expectCounter("firecrest.channel_crashes").totalValue == 1)
        #expect(try metrics.expectMeter("firecrest.websockets_open").lastValue == 0)
        let names =
            metrics.timers.map { "\($0.label) \($0.dimensions)" }
            + metrics.counters.map { "\($0.label) \($0.dimensions)" }
        #expect(!names.contains { $0.contains("evil_label") })
    }

    @Test("the counters are published without being asked for")
    func interval() async throws {
        let metrics = TestMetrics()
        var options = EndpointOptions.test
        options.metrics = metrics
        options.metricsInterval = .milliseconds(10)
        try await TestServer.run(options: options, socket("/socket", WatchedSocket.self)) { server in
            _ = try await TestClient.connect(server)
            let deadline = ContinuousClock.now + .seconds(5)
            while try metrics.expectCounter("firecrest.upgrades_accepted").totalValue == 0 {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test("a span for connect in the request's trace, and one for each join and event, linked to it")
    func spans() async throws {
        let tracer = InMemoryTracer()
        var options = EndpointOptions.test
        options.tracer = tracer
        try await TestServer.run(options: options, socket("/socket", WatchedSocket.self)) { server in
            try await Self.play(server)
        }
        let spans = tracer.finishedSpans
        #expect(
            spans.map(\.operationName) == [
                "phoenix.socket_connected", "phoenix.channel_joined", "phoenix.channel_handled_in",
                "phoenix.channel_handled_in", "phoenix.channel_handled_in", "phoenix.channel_joined",
            ])
        let connect = try #require(spans.first)
        for span in spans.dropFirst() {
            #expect(span.traceID != connect.traceID)
            #expect(span.links.map { $0.context.inMemorySpanContext?.spanID } == [connect.spanID])
        }
        // The unknown event crashed.
        #expect(spans.map(\.errors.count) == [0, 0, 0, 0, 1, 0])
        #expect(tracer.activeSpans.isEmpty)
        #expect(!spans.contains { "\($0.attributes)".contains("evil_label") })
    }
}
