// Firecrest — why a supervisor ended.
// SPDX-License-Identifier: Apache-2.0

/// Why a supervisor ended by itself. Its children have been stopped then.
public struct SupervisorError: Error, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A child was to be started again more often than the intensity allows.
        case tooManyRestarts = "too_many_restarts"
        /// A child could not be started when the supervisor began.
        case startFailed = "start_failed"
        /// Two children have the same id.
        case duplicateChild = "duplicate_child"
    }

    public let code: Code
    public let supervisor: String
    /// The id of the child that it was about.
    public let child: String
    /// What the child ended with; nil when it returned.
    public let error: (any Error)?
    public let intensity: RestartIntensity

    public var description: String {
        let end = error.map { "it threw \($0)" } ?? "its run() returned"
        return switch code {
        case .tooManyRestarts:
            "the supervisor \(supervisor) gives up: its child \(child) was to be started again (\(end)), but \(intensity) are allowed and used up"
        case .startFailed: "the supervisor \(supervisor) could not start its child \(child): \(end)"
        case .duplicateChild:
            "the supervisor \(supervisor) has two children \(child); give each an id of its own"
        }
    }
}
