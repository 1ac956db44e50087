// Firecrest — the one comparison that a process runs for its page.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import Logging
import NIOConcurrencyHelpers

/// Starts comparisons, one at a time, and tells every endpoint of the process about them.
///
/// Isolation: `Sendable`; everything here may be called from any thread.
final class CompareHost: Sendable {
    static let shared = CompareHost()
    static let topic = Topic("compare:run")

    private struct Weak {
        weak var endpoint: Endpoint?
    }

    private struct State {
        var endpoints: [Weak] = []
        var runs = 0
        var running: Comparison?
        var latest: ComparisonSnapshot?
        var conversation: RecordedConversation?
        var demonstrates = false
    }

    /// Why something was not done, as the page is told.
    struct Refusal: Error {
        let response: JSON

        init(_ code: String, _ reason: String, option: String? = nil) {
            var members: [String: JSON] = ["code": .string(code), "reason": .string(reason)]
            if let option { members["option"] = .string(option) }
            response = .object(members)
        }
    }

    private let state = NIOLockedValueBox(State())

    /// From now on this endpoint's clients on the topic get the snapshots.
    func attach(_ endpoint: Endpoint) {
        state.withLockedValue { state in
            state.endpoints.removeAll { $0.endpoint == nil }
            state.endpoints.append(Weak(endpoint: endpoint))
        }
    }

    var latest: ComparisonSnapshot? { state.withLockedValue { $0.latest } }

    /// - Returns: the reply to `start`.
    /// - Throws: ``Refusal``.
    func start(_ json: JSON) throws -> JSON {
        var settings = CompareSettings()
        do throws(CompareSettings.Invalid) {
            try settings.apply(json)
        } catch {
            throw Refusal("invalid", "\(error)", option: error.option)
        }
        let comparison = state.withLockedValue { state -> Comparison? in
            guard state.running == nil else { return nil }
            state.runs += 1
            let comparison = Comparison(settings, run: state.runs)
            state.running = comparison
            return comparison
        }
        guard let comparison else {
            throw Refusal("running", "a comparison is running; stop it first, or change it with adjust")
        }
        publish(.empty(run: comparison.run, .starting, settings))
        Task { await self.run(comparison) }
        return ["settings": settings.json, "run": .integer(Int64(comparison.run))]
    }

    /// - Returns: the reply to `adjust`.
    /// - Throws: ``Refusal``.
    func adjust(_ json: JSON) throws -> JSON {
        guard let running = state.withLockedValue({ $0.running }) else {
            throw Refusal("idle", "no comparison is running")
        }
        do {
            return ["settings": try running.adjust { try $0.apply(json, adjusting: true) }.json]
        } catch let error as CompareSettings.Invalid {
            throw Refusal("invalid", "\(error)", option: error.option)
        } catch {
            throw Refusal("failed", "\(error)")
        }
    }

    func stop() {
        state.withLockedValue { $0.running }?.stop()
    }

    private func run(_ comparison: Comparison) async {
        let last: ComparisonSnapshot
        do {
            last = try await comparison.run { self.publish($0) }
        } catch {
            last = .empty(run: comparison.run, .failed, comparison.settings, error: "\(error)")
        }
        state.withLockedValue { state in
            state.running = nil
            state.conversation = comparison.conversation ?? state.conversation
        }
        publish(last)
    }

    private func publish(_ snapshot: ComparisonSnapshot) {
        let endpoints = state.withLockedValue { state in
            state.latest = snapshot
            return state.endpoints.compactMap(\.endpoint)
        }
        for endpoint in endpoints {
            do {
                try endpoint.localBroadcast(Self.topic, "snapshot", snapshot.json)
            } catch {
                endpoint.options.logger.error("A snapshot could not be sent.", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: what the page opens

    /// A recorded conversation of the run, or of one that is made for it.
    ///
    /// - Throws: ``Refusal``.
    func handshake() async throws -> JSON {
        let (running, runs, kept) = state.withLockedValue { ($0.running, $0.runs, $0.conversation) }
        if let report = (running?.conversation ?? kept)?.report(run: runs) { return report }
        return try await demonstrate {
            var settings = CompareSettings()
            settings.ways = [.webSocket]
            settings.clients = 1
            settings.rate = 10
            settings.seconds = 1
            let comparison = Comparison(settings, run: runs)
            _ = try await comparison.run { _ in }
            guard let report = comparison.conversation?.report(run: runs) else {
                throw CompareError("no handshake was recorded")
            }
            self.state.withLockedValue { $0.conversation = comparison.conversation }
            return report
        }
    }

    /// - Throws: ``Refusal``.
    func duplex() async throws -> JSON {
        try await demonstrate { try await DuplexDemonstration().run() }
    }

    /// One at a time, for each has a server of its own.
    private func demonstrate(_ body: @Sendable () async throws -> JSON) async throws -> JSON {
        let isFirst = state.withLockedValue { state in
            defer { state.demonstrates = true }
            return !state.demonstrates
        }
        guard isFirst else { throw Refusal("failed", "another demonstration is running; ask again in a moment") }
        defer { state.withLockedValue { $0.demonstrates = false } }
        do {
            return try await body()
        } catch {
            throw Refusal("failed", "\(error)")
        }
    }
}
