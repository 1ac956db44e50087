// Firecrest — why the supervising process of workers ended.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestHTTP

/// Thrown by `Workers.run`.
public struct WorkersError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable name, for programs.
    public let code: String
    /// What happened, what was expected, and what to do.
    public let description: String

    package init(code: String, _ description: String) {
        self.code = code
        self.description = description
    }

    static func cannotListen(_ address: ListenAddress, _ reason: String) -> WorkersError {
        WorkersError(
            code: "cannot_listen",
            "cannot listen at \(address): \(reason); choose another address or port, or end what uses it")
    }

    static func cannotStart(_ id: WorkerID, _ how: String) -> WorkersError {
        WorkersError(
            code: "worker_does_not_start",
            "\(id) \(how) before any worker was ready; its own last words say why: mend that and start again")
    }

    static func tooManyRestarts(_ limit: RestartIntensity, last id: WorkerID, _ how: String) -> WorkersError {
        WorkersError(
            code: "too_many_restarts",
            "workers ended more than \(limit.maxRestarts) times in \(limit.period), the last was \(id), which \(how); "
                + "the log above says how each of them ended, and WorkersLimits.restarts how many may")
    }
}
