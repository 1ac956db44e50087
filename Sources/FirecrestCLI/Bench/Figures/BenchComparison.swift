// Firecrest — this run beside a former one: which figures moved.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol

/// The ratio of each figure, and whether it is more than noise.
///
/// Noise is what a kind of figure varies by between two runs of the same on a shared machine, or what the seconds of
/// these two runs say (three standard errors), whichever is more.
struct BenchComparison {
    enum Verdict: String { case same, better, worse, moved }

    struct Row: Equatable {
        var name: String
        var before: Double
        var now: Double
        var verdict: Verdict

        var ratio: Double? { before == 0 ? nil : now / before }
    }

    let rows: [Row]
    private let former: FormerRun
    private let differences: [String]

    init(_ report: BenchReport, former: FormerRun) {
        self.former = former
        rows = report.figures.compactMap { figure in
            former.figures[figure.name].map { before in
                Row(
                    name: figure.name, before: before, now: figure.value,
                    verdict: Self.verdict(figure, before: before, spread: former.spreads[figure.name] ?? 0))
            }
        }
        let settings = (try? report.json)?["settings"]?.objectValue ?? [:]
        let others = former.settings.objectValue ?? [:]
        // A run has its own seed, and where a server listens is no difference.
        differences = Set(settings.keys).union(others.keys).subtracting(["seed", "url", "process"]).sorted()
            .filter { settings[$0] != others[$0] }
    }

    /// How much two runs of the same may differ.
    static func noise(_ name: String) -> Double {
        switch name {
        case _ where name.contains("rss") || name.contains("bytes_per_connection"): 0.05
        case _ where name.contains("_max_") || name.contains("p99_9"): 1.0
        case _ where name.contains("p99"): 0.5
        case _ where name.hasSuffix("_us"): 0.25
        default: 0.2
        }
    }

    private static func verdict(_ figure: BenchFigure, before: Double, spread: Double) -> Verdict {
        let error = 3 * (figure.spread * figure.spread + spread * spread).squareRoot()
        let limit = 1 + max(noise(figure.name), error)
        guard before > 0, figure.value > 0 else { return before == figure.value ? .same : .moved }
        let ratio = figure.value / before
        guard ratio > limit || ratio < 1 / limit else { return .same }
        if figure.name.hasSuffix("_per_s") { return ratio > 1 ? .better : .worse }
        let isCost =
            figure.name.hasSuffix("_us") || figure.name.hasPrefix("server_") || figure.name == "setup_s"
            || figure.name == "slow_lost"
        return isCost ? (ratio < 1 ? .better : .worse) : .moved
    }

    func render(style: Style) -> String {
        var text = style.bold("compared with the former run") + "\n"
        for name in differences { text += style.red("  the runs differ in the setting \(name)") + "\n" }
        if former.errors > 0 { text += style.red("  the former run had \(former.errors) errors") + "\n" }
        let width = rows.map(\.name.count).max() ?? 0
        let head = [("before", 14), ("now", 14), ("ratio", 7)].map { BenchText.right($0.0, $0.1) }
        text += style.dim("  " + BenchText.left("", width) + "  " + head.joined(separator: "  ")) + "\n"
        for row in rows {
            let line =
                "  \(BenchText.left(row.name, width))  \(BenchText.right(BenchText.short(row.before), 14))  "
                + "\(BenchText.right(BenchText.short(row.now), 14))  "
                + BenchText.right(row.ratio.map { BenchText.decimal($0, 2) } ?? "-", 7)
            switch row.verdict {
            case .same: text += line + "\n"
            case .better: text += line + "  " + style.green("better") + "\n"
            case .worse: text += line + "  " + style.red("worse") + "\n"
            case .moved: text += line + "  " + style.bold("moved") + "\n"
            }
        }
        return text
    }
}
