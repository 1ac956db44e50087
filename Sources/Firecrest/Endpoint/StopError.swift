// Firecrest — an endpoint that stopped as far as it could.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP

/// Thrown by `Endpoint.run` where code on an event loop does not return, so that the loop cannot be ended. Everything else has
/// been stopped by then. The loop's thread, and the connections on it, stay until the process ends: end it.
public struct StopError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case loopBlocked = "loop_blocked"
    }

    /// Stable, for programs.
    public let code: Code
    public let sentence: String

    /// - Parameter running: what runs on the loops that do not answer, where that is known.
    init(blocked count: Int, running: [RunningName]) {
        code = .loopBlocked
        let names = running.map { name in
            let topic = name.topic.map { " of topic \"\($0.forLog())\"" } ?? ""
            return "\(name.type), \"\(name.event)\"\(topic)"
        }
        let culprits = names.isEmpty ? "" : " (\(names.joined(separator: "; ")))"
        sentence =
            "\(count) event loop\(count == 1 ? " is" : "s are") blocked by code that does not return\(culprits); their connections end with the process"
    }

    public var description: String { "\(code.rawValue): \(sentence)." }
}
