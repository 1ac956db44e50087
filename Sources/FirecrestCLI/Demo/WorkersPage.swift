// Firecrest — the figures of all workers on one page.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestWorkers
import NIOCore

/// `/metrics` of a demo with workers: whichever of them is asked, the page has the series of all, each with its label
/// `worker`. One that does not answer in time is missing, and said to be: its `firecrest_worker_up` is 0, and it counts in
/// `firecrest_workers_unanswered`. The hub's own figures stand there once, without a label.
struct WorkersPage: Sendable {
    static let question = "metrics"
    /// A worker takes up to a second itself, to ask its own event loops.
    static let patience = Duration.seconds(2)

    let worker: Worker
    let reference: EndpointReference
    let metrics: PrometheusRegistry

    private var own: String { metrics.text() + worker.linkFigures() }

    /// - Parameter endpoint: the one that says its own when another worker asks.
    func answer(for endpoint: Endpoint) {
        endpoint.answerNodes(Self.question) {
            await reference.endpoint?.publishMetrics()
            return ByteBuffer(string: own)
        }
    }

    func text() async -> String {
        guard let endpoint = reference.endpoint else { return "" }
        async let others = endpoint.askNodes(Self.question, expecting: worker.count - 1, within: Self.patience)
        await endpoint.publishMetrics()
        var pages = [(endpoint.options.nodeName, own)]
        pages += await others.map { ($0.node, String(buffer: $0.body)) }
        return Self.merged(pages, count: worker.count) + worker.hubFigures()
    }

    /// - Parameter pages: of nodes named as workers are, `<name>/<slot>.<life>`. Of two lives of a slot, as there are while
    ///   a worker is replaced, the later one counts.
    static func merged(_ pages: [(node: String, text: String)], count: Int) -> String {
        var bySlot: [Int: (life: Int, text: String)] = [:]
        for (node, text) in pages {
            let numbers = (node.split(separator: "/").last ?? "").split(separator: ".").compactMap { Int($0) }
            guard numbers.count == 2 else { continue }
            if let other = bySlot[numbers[0]], other.life > numbers[1] { continue }
            bySlot[numbers[0]] = (numbers[1], text)
        }
        var families = Families()
        for (slot, page) in bySlot.sorted(by: { $0.key < $1.key }) { families.add(page.text, worker: slot) }
        var text = "# HELP firecrest_worker_up Whether a worker's figures are on this page.\n"
        text += "# TYPE firecrest_worker_up gauge\n"
        for slot in 0..<count { text += "firecrest_worker_up{worker=\"\(slot)\"} \(bySlot[slot] == nil ? 0 : 1)\n" }
        text += "# HELP firecrest_workers_unanswered Workers whose figures are not on this page.\n"
        text += "# TYPE firecrest_workers_unanswered gauge\n"
        text += "firecrest_workers_unanswered \((0..<count).count { bySlot[$0] == nil })\n"
        return text + families.text
    }

    /// Series of several pages, those of one name together, as the format wants them.
    private struct Families {
        private var heads: [String: String] = [:]
        private var samples: [String: String] = [:]
        private var names: [String] = []

        mutating func add(_ page: String, worker: Int) {
            var head = ""
            var name = ""
            for line in page.split(separator: "\n") {
                if line.hasPrefix("# HELP ") {
                    head = "\(line)\n"
                } else if line.hasPrefix("# TYPE ") {
                    name = String(line.dropFirst(7).prefix { $0 != " " })
                    if heads[name] == nil {
                        heads[name] = head + "\(line)\n"
                        names.append(name)
                    }
                    head = ""
                } else {
                    samples[name, default: ""] += Self.labeled(line, worker) + "\n"
                }
            }
        }

        var text: String {
            names.reduce("") { $0 + (heads[$1] ?? "") + (samples[$1] ?? "") }
        }

        /// `name value` or `name{…} value`; no name has a brace in it.
        private static func labeled(_ line: Substring, _ worker: Int) -> String {
            let name = line.prefix { $0 != "{" && $0 != " " }
            let rest = line.dropFirst(name.count)
            guard rest.hasPrefix("{") else { return "\(name){worker=\"\(worker)\"}\(rest)" }
            return "\(name){worker=\"\(worker)\",\(rest.dropFirst())"
        }
    }
}
