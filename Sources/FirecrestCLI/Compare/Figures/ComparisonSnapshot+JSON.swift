// Firecrest — a snapshot for programs and for the page; README.md of this folder says what each member is.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

extension ComparisonSnapshot {
    var json: JSON {
        [
            "run": Self.number(run), "state": .string(phase.rawValue),
            "error": error.map { .string($0) } ?? nil,
            "elapsed_s": Self.rounded(Double(elapsed.nanoseconds) / 1e9, 2), "seconds": .number(settings.seconds),
            "is_debug_build": .bool(Self.isDebugBuild), "settings": settings.json, "sent": Self.number(sent),
            "ways": .array(rows.map { $0.json(settings) }), "flash": FlashSockets.json,
        ]
    }

    fileprivate static func number(_ value: Int) -> JSON { .integer(Int64(value)) }

    /// With so many decimals; `null` for what cannot be said.
    fileprivate static func rounded(_ value: Double?, _ decimals: Int) -> JSON {
        guard let value, value.isFinite else { return nil }
        let factor = decimals == 3 ? 1_000.0 : decimals == 2 ? 100 : 10
        return .number((value * factor).rounded() / factor)
    }
}

extension ComparisonSnapshot.Row {
    /// All bytes of the sockets for each message that a client got.
    var bytesPerMessage: Double? {
        figures.messages == 0
            ? nil : Double(figures.total.bytesUp + figures.total.bytesDown) / Double(figures.messages)
    }

    var microsecondsPerMessage: Double? {
        figures.messages == 0 ? nil : Double(figures.serverCPU) / 1_000 / Double(figures.messages)
    }

    func json(_ settings: CompareSettings) -> JSON {
        let number = ComparisonSnapshot.number
        let rounded = ComparisonSnapshot.rounded
        let latency: JSON =
            figures.latencyP50 == nil
            ? nil
            : [
                "p50": rounded(figures.latencyP50, 3), "p99": rounded(figures.latencyP99, 3),
                "max": rounded(figures.latencyMax, 3),
            ]
        return [
            "way": .string(figures.way.rawValue), "name": .string(figures.way.name),
            "requests": number(figures.total.requests),
            "requests_without_news": number(figures.requestsWithoutNews),
            "bytes_up": number(figures.total.bytesUp), "bytes_down": number(figures.total.bytesDown),
            "opening": [
                "requests": number(figures.opening.requests), "bytes_up": number(figures.opening.bytesUp),
                "bytes_down": number(figures.opening.bytesDown),
            ],
            "messages": number(figures.messages), "lost": number(figures.lost), "doubled": number(figures.doubled),
            "bytes_per_message": rounded(bytesPerMessage, 1),
            "overhead_per_message": rounded(bytesPerMessage.map { $0 - Double(settings.payloadBytes) }, 1),
            "latency_ms": latency, "server_cpu_ms": rounded(Double(figures.serverCPU) / 1e6, 3),
            "server_cpu_us_per_message": rounded(microsecondsPerMessage, 1),
            "connections": number(figures.connections), "connections_opened": number(figures.connectionsOpened),
            "failures": number(figures.failures), "request_head": Self.sizes(figures.requestHead),
            "response_head": Self.sizes(figures.responseHead), "frame_header_up": Self.sizes(figures.frameHeaderUp),
            "frame_header_down": Self.sizes(figures.frameHeaderDown),
            "rates": rates.map { rates in
                [
                    "requests": rounded(rates.requests, 1), "messages": rounded(rates.messages, 1),
                    "bytes_up": rounded(rates.bytesUp, 1), "bytes_down": rounded(rates.bytesDown, 1),
                    "latency_p50_ms": rounded(figures.recentLatencyP50, 3),
                    "server_cpu_percent": rounded(rates.cpuPercent, 2),
                ]
            } ?? nil,
            "why": .string(WayExplanation(self, settings).text),
        ]
    }

    private static func sizes(_ sizes: SizeSummary?) -> JSON {
        guard let sizes else { return nil }
        let number = ComparisonSnapshot.number
        return [
            "count": number(sizes.count), "smallest": number(sizes.smallest), "typical": number(sizes.typical),
            "largest": number(sizes.largest),
        ]
    }
}
