// Firecrest — a run's figures for people.
// SPDX-License-Identifier: Apache-2.0

struct BenchSummary {
    private static let labelWidth = 14

    let style: Style

    static func heading(_ settings: BenchSettings) -> String {
        var parts = ["\(BenchText.count(settings.connections)) connections"]
        switch settings.mode {
        case .connect: parts.append("\(settings.inflight) handshakes at once")
        case .idle: parts.append("a heartbeat each \(BenchText.short(settings.heartbeat)) s")
        default:
            if let rate = settings.rate {
                parts.append("\(BenchText.count(rate)) a second")
            } else if settings.mode != .storm {
                parts.append("\(settings.pipeline) outstanding")
            }
        }
        if settings.mode == .hot { parts.append("\(settings.topics) topics") }
        if settings.mode == .slowReaders {
            parts.append("\(settings.slowReaders) slow readers of \(BenchText.short(settings.slowBytesPerSecond)) B/s")
        }
        if ![.connect, .idle, .storm].contains(settings.mode) { parts.append("\(settings.size) bytes") }
        if settings.seconds > 0 { parts.append("\(BenchText.short(settings.seconds)) s") }
        if settings.processes > 1 { parts.append("\(settings.processes) processes") }
        return "\(settings.mode.rawValue) \(settings.url): " + parts.joined(separator: ", ")
    }

    func render(_ report: BenchReport) -> String {
        let counts = report.result.counts
        let mode = report.settings.mode
        let figures = Dictionary(report.figures.map { ($0.name, $0.value) }) { first, _ in first }
        var text = style.bold(Self.heading(report.settings)) + "\n"
        if mode != .storm {
            let seconds = BenchText.short(figures["setup_s"] ?? 0)
            let rate = BenchText.count(figures["setup_per_s"] ?? 0)
            text += line("set-up", "\(BenchText.count(counts.joined)) joined in \(seconds) s, \(rate) a second")
        }
        if mode == .connect || mode == .idle { text += times("join", counts.setUp) }
        if mode != .connect, let units = figures[mode.unit], let rate = figures["\(mode.unit)_per_s"] {
            text += line("throughput", "\(BenchText.count(rate)) \(mode.unit)/s  (\(BenchText.count(Int(units))))")
        }
        text += times("reply", counts.replyTimes)
        text += times("delivery", counts.deliveryTimes)
        text += times("cycle", counts.cycleTimes)
        text += times("heartbeat", counts.heartbeatTimes)
        if mode == .slowReaders { text += slowReaders(counts) }
        if report.hasServer { text += server(figures) }
        text += client(report, figures)
        return text + faults(report)
    }

    private func times(_ label: String, _ times: LatencyDistribution) -> String {
        guard !times.isEmpty else { return "" }
        let parts = [("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9)].map { name, percentile in
            "\(name) \(BenchText.milliseconds(times.nanoseconds(percentile: percentile) ?? 0))"
        }
        return line(
            label,
            parts.joined(separator: "  ") + "  max \(BenchText.milliseconds(Double(times.max)))  mean "
                + "\(BenchText.milliseconds(times.mean ?? 0)) ms")
    }

    private func slowReaders(_ counts: SwarmCounts) -> String {
        let closed = counts.slowClosed.sorted { $0.key < $1.key }.map { "\($0.value) with \($0.key)" }
        let got = BenchText.count(counts.slowDeliveries)
        let ends = closed.isEmpty ? "none was closed" : "closed: " + closed.joined(separator: ", ")
        return line("slow readers", "read \(got), \(BenchText.count(counts.slowLost)) were kept from them; \(ends)")
    }

    private func server(_ figures: [String: Double]) -> String {
        var parts: [String] = []
        if let each = figures["server_cpu_s_per_million"] { parts.append("\(BenchText.short(each)) CPU s per million") }
        if let cores = figures["server_cores"] { parts.append("\(BenchText.decimal(cores, 2)) cores") }
        if let bytes = figures["server_rss_end_bytes"] { parts.append("RSS \(BenchText.bytes(Int(bytes)))") }
        if let bytes = figures["server_bytes_per_connection_held"] {
            parts.append("\(BenchText.bytes(Int(bytes))) a connection")
        }
        return line("server", parts.joined(separator: ", "))
    }

    private func client(_ report: BenchReport, _ figures: [String: Double]) -> String {
        guard let busy = figures["client_busy_percent"] else { return "" }
        var text = "\(BenchText.decimal(busy, 0)) % of a core"
        if let delay = figures["send_delay_p99_us"] {
            text += ", sends late by p99 \(BenchText.milliseconds(delay * 1e3)) ms"
        }
        let seconds = max(report.measuredSeconds, figures["setup_s"] ?? 0)
        guard busy >= BenchReport.busyLimit, report.result.faults.isEmpty, seconds >= 0.5 else {
            return line("client", text)
        }
        return line(
            "client",
            style.red("\(text): it was the bottleneck; the rate is its own, not the server's (try --processes)"))
    }

    private func faults(_ report: BenchReport) -> String {
        let faults = report.result.faults
        var text = ""
        if faults.isEmpty {
            text += line("errors", style.green("none"))
        } else {
            let count = BenchText.count(faults.total)
            text += line("errors", style.red("\(count): figures of a run with errors are not figures"))
            for (fault, count) in faults.counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text += line("", "\(BenchText.count(count)) \(fault.rawValue): \(fault.meaning)")
                if let example = faults.examples[fault], !example.isEmpty {
                    text += line("", style.dim("  first: \(Preview.text(example, limit: 400))"))
                }
            }
        }
        for note in report.notes { text += line("note", note) }
        return text
    }

    private func line(_ label: String, _ text: String) -> String {
        "  " + BenchText.left(label, Self.labelWidth) + text + "\n"
    }
}
