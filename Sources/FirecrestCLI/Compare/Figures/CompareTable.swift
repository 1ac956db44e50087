// Firecrest — a finished comparison for people: tables of at most 100 columns, and why.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

struct CompareTable {
    static let columns = 100
    private static let indent = "  "

    let style: Style

    func render(_ snapshot: ComparisonSnapshot) -> String {
        var text = heading(snapshot) + "\n"
        text += rows(costs(snapshot)) + "\n"
        text += rows(sizes(snapshot)) + "\n"
        for row in snapshot.rows {
            text += style.bold(row.figures.way.name) + "\n"
            text += paragraph(WayExplanation(row, snapshot.settings).text)
            if let warning = warning(row.figures) { text += style.red(paragraph(warning)) }
        }
        text += style.bold(FlashSockets.name) + "\n" + paragraph(FlashSockets.what + " " + FlashSockets.gone)
        return text
    }

    private func heading(_ snapshot: ComparisonSnapshot) -> String {
        let settings = snapshot.settings
        let seconds = TextReport.decimal(Double(snapshot.elapsed.nanoseconds) / 1e9)
        var lines = Self.wrapped(
            "One feed, \(snapshot.sent) messages of \(settings.payloadBytes) bytes in \(seconds) s, to "
                + "\(settings.clients) client\(settings.clients == 1 ? "" : "s") of each way. Counted on the clients' "
                + "sockets: every byte, heads and framing too. Headers: "
                + (settings.headers == .browser ? "those of Chromium." : "the fewest that do.")
                + " B/msg and CPU us (of the server) are for each message that a client received.", Self.columns)
        if ComparisonSnapshot.isDebugBuild {
            lines += Self.wrapped(
                "This is a debug build: server CPU is several times that of a release build.", Self.columns)
        }
        if let error = snapshot.error { lines.append(style.red("It ended early: \(error)")) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func costs(_ snapshot: ComparisonSnapshot) -> [[String]] {
        let head = [
            "", "requests", "bytes up", "bytes down", "received", "B/msg", "p50 ms", "p99 ms", "CPU us", "conns",
        ]
        return [head]
            + snapshot.rows.map { row in
                let figures = row.figures
                return [
                    figures.way.name, "\(figures.total.requests)", Self.bytes(figures.total.bytesUp),
                    Self.bytes(figures.total.bytesDown), "\(figures.messages)", Self.decimal(row.bytesPerMessage),
                    Self.decimal(figures.latencyP50), Self.decimal(figures.latencyP99),
                    Self.decimal(row.microsecondsPerMessage), "\(figures.connectionsOpened)",
                ]
            }
            + [[FlashSockets.name] + head.dropFirst().map { _ in "-" }]
    }

    private func sizes(_ snapshot: ComparisonSnapshot) -> [[String]] {
        [["typical (largest) size in bytes", "request head", "response head", "frame header up", "frame header down"]]
            + snapshot.rows.map { row in
                let figures = row.figures
                return [
                    figures.way.name, Self.size(figures.requestHead), Self.size(figures.responseHead),
                    Self.size(figures.frameHeaderUp), Self.size(figures.frameHeaderDown),
                ]
            }
    }

    private func warning(_ figures: WayFigures) -> String? {
        var parts: [String] = []
        if figures.lost > 0 { parts.append("\(figures.lost) messages were lost") }
        if figures.doubled > 0 { parts.append("\(figures.doubled) came twice") }
        if figures.failures > 0 {
            parts.append("\(figures.failures) requests or connections failed (\(figures.lastFailure ?? "?"))")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ") + "."
    }

    // MARK: layout

    /// The first column to the left, the others to the right, two spaces between.
    private func rows(_ cells: [[String]]) -> String {
        let widths = (0..<(cells.first?.count ?? 0)).map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.enumerated().map { index, row in
            let line = zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: max(cell.1 - cell.0.count, 0))
                return column == 0 ? cell.0 + space : space + cell.0
            }.joined(separator: Self.indent)
            return (index == 0 ? style.dim(line) : line) + "\n"
        }.joined()
    }

    private func paragraph(_ text: String) -> String {
        Self.wrapped(text, Self.columns - Self.indent.count).map { Self.indent + $0 + "\n" }.joined()
    }

    private static func wrapped(_ text: String, _ columns: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > columns {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// One decimal, where there is room for it.
    private static func decimal(_ value: Double?) -> String {
        guard let value = value.map({ max($0, 0) }) else { return "-" }
        return value < 1_000 ? TextReport.decimal(value) : "\(Int(value.rounded()))"
    }

    private static func bytes(_ count: Int) -> String {
        count < 10_000_000 ? "\(count)" : decimal(Double(count) / 1e6) + " M"
    }

    private static func size(_ sizes: SizeSummary?) -> String {
        sizes.map { $0.typical == $0.largest ? "\($0.typical)" : "\($0.typical) (\($0.largest))" } ?? "-"
    }
}
