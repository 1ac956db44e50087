// Firecrest — the counters as Prometheus text.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP

/// The exposition format, version 0.0.4. No name or label ever comes from a client.
enum MetricsPage {
    static func render(_ statistics: LoopStatistics) -> String {
        var page = ""
        for figure in LoopStatistics.figures {
            let name = "firecrest_\(figure.name)" + (figure.kind == .counter ? "_total" : "")
            page += "# HELP \(name) \(figure.help)\n# TYPE \(name) \(figure.kind)\n"
            page += "\(name) \(statistics[keyPath: figure.value])\n"
        }
        return page
    }
}
