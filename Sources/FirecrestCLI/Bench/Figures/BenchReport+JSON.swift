// Firecrest — a run's figures for programs, and for the next run to compare with.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

extension BenchReport {
    /// One object: `settings`, `figures` (name to value), `spreads`, `errors` (kind to count), `examples`, `notes`.
    var json: JSON {
        get throws {
            let settings: JSON = try Payload(encoding: settings).decode()
            return [
                "firecrest_bench": 1, "settings": settings,
                "figures": .object(Self.object(figures) { .number($0.value) }),
                "spreads": .object(Self.object(figures.filter { $0.spread > 0 }) { .number($0.spread) }),
                "errors": .object(Self.object(result.faults.counts) { .integer(Int64($0)) }),
                "examples": .object(Self.object(result.faults.examples) { .string($0) }),
                "notes": .array(notes.map { .string($0) }),
            ]
        }
    }

    private static func object(_ figures: [BenchFigure], _ value: (BenchFigure) -> JSON) -> [String: JSON] {
        Dictionary(figures.map { ($0.name, value($0)) }) { first, _ in first }
    }

    private static func object<Value>(_ faults: [Fault: Value], _ value: (Value) -> JSON) -> [String: JSON] {
        Dictionary(uniqueKeysWithValues: faults.map { ($0.key.rawValue, value($0.value)) })
    }

    func jsonText() throws -> String {
        var text = ByteBuffer()
        try json.write(into: &text)
        return String(buffer: text) + "\n"
    }
}

/// A run of before, as far as a comparison needs it.
struct FormerRun: Sendable {
    var settings: JSON
    var figures: [String: Double]
    var spreads: [String: Double]
    var errors: Int

    init(_ text: ByteBuffer) throws(BenchError) {
        guard let json = try? JSON(parsing: text), json["firecrest_bench"]?.intValue == 1,
            let settings = json["settings"], let figures = json["figures"]?.objectValue
        else { throw BenchError("this is no result of `firecrest bench --json`") }
        self.settings = settings
        self.figures = figures.compactMapValues(\.doubleValue)
        spreads = (json["spreads"]?.objectValue ?? [:]).compactMapValues(\.doubleValue)
        errors = (json["errors"]?.objectValue ?? [:]).values.reduce(0) { $0 + ($1.intValue ?? 0) }
    }
}
