// Firecrest — the result as JSON, back again, and beside another
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FirecrestProtocol
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("bench: report")
struct BenchReportTests {
    private static func report(messages: Int, microseconds: UInt64, cpu: Double = 2) -> BenchReport {
        var report = BenchReport(settings: .test(.echo, url: "ws://127.0.0.1:1/s"), hasServer: true)
        report.measuredSeconds = 10
        report.result.counts.replies = messages
        report.result.counts.joined = 4
        report.result.counts.busiest = 5
        for index in 0..<1_000 { report.result.counts.replyTimes.record((microseconds + UInt64(index)) * 1_000) }
        report.windowEnd.cpuSeconds = cpu
        report.windowEnd.residentBytes = 20 << 20
        return report
    }

    @Test("a result goes into JSON and comes back")
    func roundTrip() throws {
        var report = Self.report(messages: 100_000, microseconds: 500)
        report.result.faults.add(.replyLost, count: 2, "two of them")
        report.note("a word")
        let text = try report.jsonText()
        let json = try JSON(parsing: ByteBuffer(string: text))
        #expect(json["errors"]?["reply_lost"]?.intValue == 2)
        #expect(json["examples"]?["reply_lost"]?.stringValue == "two of them")
        #expect(json["settings"]?["mode"]?.stringValue == "echo")
        #expect(json["notes"]?[0]?.stringValue == "a word")
        let former = try FormerRun(ByteBuffer(string: text))
        #expect(former.errors == 2)
        #expect(Set(former.figures.keys) == Set(report.figures.map(\.name)))
        for figure in report.figures { #expect(former.figures[figure.name] == figure.value) }
        #expect(former.figures["messages_per_s"] == 10_000)
        #expect(former.figures["server_cpu_s_per_million"] == 20)
        #expect(former.figures["client_busy_percent"] == 50)
        // The same run beside itself: nothing moved.
        let comparison = BenchComparison(report, former: former)
        #expect(comparison.rows.count == report.figures.count)
        #expect(comparison.rows.allSatisfy { $0.verdict == .same && ($0.ratio ?? 1) == 1 })
    }

    @Test("what moved beyond noise is told, and which way")
    func compares() throws {
        let former = try FormerRun(
            ByteBuffer(string: Self.report(messages: 100_000, microseconds: 500).jsonText()))
        let rows = BenchComparison(Self.report(messages: 150_000, microseconds: 900), former: former).rows
        let verdicts = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.verdict) })
        #expect(verdicts["messages_per_s"] == .better)
        #expect(verdicts["reply_p50_us"] == .worse)
        #expect(verdicts["server_cpu_s_per_million"] == .better)
        #expect(verdicts["server_rss_end_bytes"] == .same)
        #expect(verdicts["client_busy_percent"] == .same)
        let close = BenchComparison(Self.report(messages: 105_000, microseconds: 530), former: former).rows
        #expect(close.allSatisfy { $0.verdict == .same })
        let text = BenchComparison(Self.report(messages: 150_000, microseconds: 900), former: former)
            .render(style: Style(isColoured: false))
        #expect(text.contains("1.50  better") && text.contains("worse"), "\(text)")
    }

    @Test("runs with other settings are told apart")
    func tellsOtherSettings() throws {
        var other = BenchReport(
            settings: .test(.echo, url: "ws://127.0.0.1:2/s") { $0.size = 128 }, hasServer: false)
        other.measuredSeconds = 1
        let former = try FormerRun(ByteBuffer(string: Self.report(messages: 10, microseconds: 5).jsonText()))
        let text = BenchComparison(other, former: former).render(style: Style(isColoured: false))
        #expect(text.contains("the runs differ in the setting size"))
        #expect(!text.contains("setting url") && !text.contains("setting seed"))
        #expect(throws: BenchError.self) { try FormerRun(ByteBuffer(string: "{\"figures\":{}}")) }
    }

    @Test("the summary names the bottleneck and the errors")
    func summarises() throws {
        var report = Self.report(messages: 100_000, microseconds: 500)
        report.result.counts.busiest = 9.7
        let busy = BenchSummary(style: Style(isColoured: false)).render(report)
        #expect(busy.contains("97 % of a core") && busy.contains("it was the bottleneck"), "\(busy)")
        report.result.faults.add(.broadcastDoubled, "broadcast 7")
        let text = BenchSummary(style: Style(isColoured: false)).render(report)
        #expect(text.contains("1 broadcast_doubled: broadcasts that came twice") && text.contains("broadcast 7"))
        #expect(text.contains("10,000 messages/s") && text.contains("20.0 CPU s per million"), "\(text)")
    }

    @Test(
        "arguments out of bounds are named with their bounds",
        arguments: [
            (["echo", "--url", "ws://h/s", "--conns", "0"], "--conns is 0; it must be between 1 and 1000000."),
            (["echo", "--url", "ws://h/s", "--size", "8"], "--size is 8; it must be between 40 and 16777216."),
            (["echo", "--url", "ws://h/s", "--rate", "0"], "--rate is 0; it must be between 0.01 and 100000000."),
            (
                ["echo", "--url", "ws://h/s", "--pipeline", "20000"],
                "--pipeline is 20000; it must be between 1 and 10000."
            ),
            (["hot", "--url", "ws://h/s", "--topics", "101"], "--topics is 101; it must be between 1 and 100."),
            (["storm", "--url", "ws://h/s", "--pid", "1,x"], "--pid has \"x\"; it must be a list of process numbers."),
            (["idle", "--url", "ws://h/s", "--seconds", "0"], "--seconds is 0; it must be between 0.1 and 86400."),
            (["connect", "--url", "ws://h/s", "--processes", "0"], "--processes is 0; it must be between 1 and 256."),
            (["echo"], "Missing expected argument '--url <url>'"),
        ])
    func refuses(arguments: [String], sentence: String) {
        let error = #expect(throws: (any Error).self) { try BenchCommand.parseAsRoot(arguments) }
        let message = error.map { BenchCommand.message(for: $0) } ?? ""
        #expect(message.contains(sentence), "\(message)")
    }

    @Test("a place of the plan says the same in every process")
    func plans() {
        for mode in BenchMode.allCases {
            let settings = BenchSettings.test(mode, url: "") {
                $0.connections = 103
                $0.topics = 7
                $0.members = mode == .mixed ? 5 : 1
                $0.slowReaders = mode == .slowReaders ? 11 : 0
            }
            let plan = BenchPlan(settings: settings)
            for number in 0..<plan.total where plan.place(number).role == .speaker {
                #expect(plan.speaker(of: plan.place(number).topic) == UInt32(number), "\(mode) \(number)")
            }
            for number in 0..<plan.total where plan.place(number).role == .listener {
                let speaker = Int(plan.speaker(of: plan.place(number).topic))
                #expect(speaker < number && plan.place(speaker).topic == plan.place(number).topic, "\(mode) \(number)")
            }
            // Three processes have each connection once.
            let parts = (0..<3).flatMap { process -> [Int] in
                var part = settings
                part.processes = 3
                part.process = process
                return Array(BenchPlan(settings: part).range)
            }
            #expect(parts == Array(0..<plan.total))
        }
    }
}
