// Firecrest — the figures of the hub by name: what /metrics shows of them.
// SPDX-License-Identifier: Apache-2.0

/// A figure with its public name.
package struct HubFigure<Statistics>: Sendable {
    package let name: String
    package let isCounter: Bool
    package let help: String
    let value: any WritableKeyPath<Statistics, Int> & Sendable

    init(
        _ name: String, counts isCounter: Bool, _ help: String,
        _ value: any WritableKeyPath<Statistics, Int> & Sendable
    ) {
        (self.name, self.isCounter, self.help, self.value) = (name, isCounter, help, value)
    }

    /// As on the page.
    package var fullName: String { "firecrest_\(name)" + (isCounter ? "_total" : "") }

    func text(_ statistics: Statistics) -> String {
        """
        # HELP \(fullName) \(help)
        # TYPE \(fullName) \(isCounter ? "counter" : "gauge")
        \(fullName) \(statistics[keyPath: value])

        """
    }
}

extension HubStatistics {
    /// In the order in which they stand in a frame: new ones at the end.
    package static let figures: [HubFigure<HubStatistics>] = [
        HubFigure("hub_workers", counts: false, "Workers that have a link to the hub.", \.workers),
        HubFigure("hub_links", counts: true, "Links of workers that the hub took.", \.hellos),
        HubFigure("hub_records", counts: true, "Records that workers sent to the hub.", \.recordsReceived),
        HubFigure("hub_received_bytes", counts: true, "Bytes that workers sent to the hub.", \.bytesReceived),
        HubFigure(
            "hub_records_forwarded", counts: true, "Records queued for a worker, counted for each.",
            \.recordsForwarded),
        HubFigure(
            "hub_records_left_out", counts: true, "Records left out for a worker that did not read, counted for each.",
            \.recordsLost),
        HubFigure("hub_queued_bytes", counts: false, "Bytes that wait at the hub for workers.", \.bytesQueued),
    ]
    /// The name of the one figure that has a label, `code`: links that the hub dropped, by reason.
    package static let linksDropped = "firecrest_hub_links_dropped_total"

    /// For a frame: `figures`, then the links dropped, by code.
    package var numbers: [UInt64] {
        let counts = Self.figures.map { self[keyPath: $0.value] } + HubError.Code.allCases.map { dropped[$0] ?? 0 }
        return counts.map { UInt64(clamping: $0) }
    }

    /// - Parameter numbers: more or fewer than expected come from another version: what is not there is 0.
    package init(numbers: [UInt64]) {
        for (figure, number) in zip(Self.figures, numbers) { self[keyPath: figure.value] = Int(clamping: number) }
        for (code, number) in zip(HubError.Code.allCases, numbers.dropFirst(Self.figures.count)) where number > 0 {
            dropped[code] = Int(clamping: number)
        }
    }

    /// In the text format of Prometheus.
    package var text: String {
        var text = Self.figures.map { $0.text(self) }.joined()
        text += "# HELP \(Self.linksDropped) Links that the hub dropped, by reason.\n"
        text += "# TYPE \(Self.linksDropped) counter\n"
        for code in HubError.Code.allCases {
            guard let count = dropped[code] else { continue }
            text += "\(Self.linksDropped){code=\"\(code.rawValue)\"} \(count)\n"
        }
        return text
    }
}

extension HubAdapterStatistics {
    package static let figures: [HubFigure<HubAdapterStatistics>] = [
        HubFigure("hub_broadcasts", counts: true, "Broadcasts given to the hub.", \.recordsPublished),
        HubFigure(
            "hub_broadcasts_refused", counts: true,
            "Broadcasts that failed: no link to the hub, too large, or too much waited.", \.recordsRefused),
        HubFigure(
            "hub_broadcasts_unsent", counts: true, "Broadcasts that waited for the hub when the link was lost.",
            \.recordsUnsent),
        HubFigure("hub_records_arrived", counts: true, "Records of other workers that arrived.", \.recordsReceived),
        HubFigure(
            "hub_records_missed", counts: true, "Records of other workers that the hub left out for this one.",
            \.recordsLost),
        HubFigure("hub_reconnects", counts: true, "Links to the hub lost and made again.", \.reconnects),
        HubFigure("hub_unsent_bytes", counts: false, "Bytes that wait to be sent to the hub.", \.bytesQueued),
    ]

    /// In the text format of Prometheus.
    package var text: String { Self.figures.map { $0.text(self) }.joined() }
}
