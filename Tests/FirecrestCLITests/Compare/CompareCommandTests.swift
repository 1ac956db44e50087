// Firecrest — `firecrest compare`: arguments, settings from the page, and the table
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FirecrestProtocol
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("compare: command")
struct CompareCommandTests {
    @Test(
        "arguments out of bounds are named with their bounds",
        arguments: [
            (["--rate", "0.05"], "--rate is 0.05; it must be between 0.1 and 200."),
            (["--rate", "nan"], "--rate is nan; it must be between 0.1 and 200."),
            (["--clients", "0"], "--clients is 0; it must be between 1 and 200."),
            (["--poll-interval", "49"], "--poll-interval is 49; it must be between 50 and 10000."),
            (["--payload", "20000"], "--payload is 20000; it must be between 64 and 16384."),
            (["--seconds", "0"], "--seconds is 0; it must be between 1 and 120."),
            (
                ["--ways", "sse,sse"],
                "--ways is sse,sse; it must be one or more of short_poll, long_poll, sse, websocket"
            ),
            (
                ["--ways", "sse,flash"],
                "--ways has \"flash\"; it must be a list of short_poll, long_poll, sse, websocket."
            ),
            (["--ways", ""], "--ways has \"\""),
            (["--listen-base", "65533"], "--listen-base is 65533; it must be between 1 and 65532."),
            (["--connect-base", "4000"], "--connect-base needs --listen-base"),
        ])
    func refuses(arguments: [String], sentence: String) {
        let error = #expect(throws: (any Error).self) { try CompareCommand.parse(arguments) }
        let message = error.map { CompareCommand.message(for: $0) } ?? ""
        #expect(message.contains(sentence), "\(message)")
    }

    @Test("ways come in their own order, whatever order they are asked for in")
    func ordersWays() throws {
        var settings = CompareSettings()
        try settings.apply(["ways": ["websocket", "short_poll"], "rate": 50, "seconds": 2.5, "headers": "minimal"])
        #expect(settings.ways == [.shortPoll, .webSocket])
        #expect(settings.rate == 50 && settings.seconds == 2.5 && settings.headers == .minimal)
        #expect(settings.period == .milliseconds(20))
    }

    @Test(
        "what the page sends is checked as strictly",
        arguments: [
            (["rate": "fast"], "rate is \"fast\"; it must be a number", "rate"),
            (["clients": 2.5], "clients is 2.5; it must be a whole number", "clients"),
            (["clients": 1_000_000], "clients is 1000000; it must be between 1 and 200", "clients"),
            (["poll_interval_ms": -1], "poll_interval_ms is -1; it must be between 50 and 10000", "poll_interval_ms"),
            (
                ["ways": ["tcp"]], "ways is [\"tcp\"]; it must be a list of short_poll, long_poll, sse, websocket",
                "ways"
            ),
            (
                ["ways": []],
                "ways is empty; it must be one or more of short_poll, long_poll, sse, websocket, each once", "ways"
            ),
            (["headers": 1], "headers is 1; it must be browser or minimal", "headers"),
            ([1], "payload is no object; it must be a JSON object", "payload"),
        ] as [(JSON, String, String)])
    func refusesSettings(json: JSON, sentence: String, option: String) {
        var settings = CompareSettings()
        let error = #expect(throws: CompareSettings.Invalid.self) { try settings.apply(json) }
        #expect(error?.description == sentence)
        #expect(error?.option == option)
    }

    @Test("what cannot change while a comparison runs does not")
    func adjusts() throws {
        let comparison = Comparison(CompareSettings())
        let settings = try comparison.adjust {
            try $0.apply(["rate": 7, "clients": 9, "payload_bytes": 900, "ways": ["sse"]], adjusting: true)
        }
        #expect(settings.rate == 7 && settings.clients == 9)
        #expect(settings.payloadBytes == 120 && settings.ways == Way.allCases)
    }

    @Test("the table has at most 100 columns, whatever the figures; each way says why, and Flash why not")
    func fitsTheTable() {
        let sizes = SizeSummary(count: 9_999_999, smallest: 560, typical: 600, largest: 16_384)
        let rows = Way.allCases.map { way in
            ComparisonSnapshot.Row(
                figures: WayFigures(
                    way: way, total: Traffic(requests: 480_000, bytesUp: 999_999_999, bytesDown: 9_999_999_999),
                    requestsWithoutNews: 99_999, opening: Traffic(), messages: 4_800_000, lost: 3, doubled: 1,
                    connections: 200, connectionsOpened: 400, failures: 2, lastFailure: "it was cut",
                    latencyP50: 10_000, latencyP99: 60_000, latencyMax: 60_000, requestHead: sizes, responseHead: sizes,
                    frameHeaderUp: sizes, frameHeaderDown: sizes, serverCPU: 90_000_000_000))
        }
        var snapshot = ComparisonSnapshot.empty(run: 1, .done, CompareSettings())
        snapshot.rows = rows
        let text = CompareTable(style: Style(isColoured: false)).render(snapshot)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines.filter { $0.count > 100 })")
        for way in Way.allCases { #expect(text.contains("\n\(way.name)\n")) }
        #expect(text.contains("3 messages were lost, 1 came twice, 2 requests or connections failed (it was cut)."))
        #expect(text.contains("\nFlash sockets\n") && text.contains("port 843"))
        // A column's figures end where its name ends.
        let table = lines.drop { !$0.contains("requests  ") }.prefix(6)
        #expect(Set(table.map(\.count)).count == 1, "\(table)")
    }
}
