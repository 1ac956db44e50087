// Firecrest — lines of a console session: when, which way, what.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// `time in ms, direction, topic, event, ref, round trip, payload`, in columns.
struct ConsoleReport: Sendable {
    var style: Style
    /// Bytes shown of a payload; nil: all.
    var payloadBytes: Int?

    struct Line {
        var time: TimeAmount
        var arrow: String
        var topic: String
        var what: String
        var ref: String
        var roundTrip: TimeAmount?
        var payload: Payload?
    }

    func render(_ line: Line) -> String {
        let parts = [
            style.dim(Self.left(milliseconds(line.time), 9)),
            line.arrow == "->" ? style.cyan(line.arrow) : style.green(line.arrow),
            Self.right(Preview.escaped(line.topic), 12),
            Self.right(Preview.escaped(line.what), 16),
            Self.right(line.ref.isEmpty ? "" : "#\(Preview.escaped(line.ref))", 4),
            Self.left(line.roundTrip.map { milliseconds($0) + " ms" } ?? "", 9),
            line.payload.map(payload) ?? "",
        ]
        var text = parts.joined(separator: " ")
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    /// What the program itself has to say.
    func note(_ text: String, at time: TimeAmount) -> String {
        "\(style.dim(Self.left(milliseconds(time), 9))) \(style.dim("--")) \(text)\n"
    }

    private func payload(_ payload: Payload) -> String {
        let limit = payloadBytes ?? Int.max
        guard payload.kind == .json else {
            let count = payload.bytes.readableBytes
            let hex = Preview.hexRows(payload.bytes, limit: min(limit, 1 << 20), columns: Int.max).joined()
            return "<\(count) byte\(count == 1 ? "" : "s")\(hex.isEmpty ? "" : ": " + hex)>"
        }
        return Preview.text(payload.bytes, limit: limit)
    }

    private func milliseconds(_ time: TimeAmount) -> String {
        TextReport.decimal(Double(time.nanoseconds) / 1e6)
    }

    private static func left(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }

    private static func right(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 0))
    }
}
