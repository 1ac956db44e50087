// Firecrest — what a test's client has received and not yet looked at.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import NIOConcurrencyHelpers

/// Something that a test waited for did not come.
public struct ExpectationFailed: Error, Sendable, CustomStringConvertible {
    public let expected: String
    /// What had come instead.
    public let unread: [String]

    public var description: String {
        "expected \(expected); "
            + (unread.isEmpty ? "nothing came" : "unread: " + unread.prefix(10).joined(separator: " · "))
    }
}

/// A received message, decoded.
struct Received: Sendable {
    let joinRef: JSON
    let ref: JSON
    let topic: String
    let event: String
    /// Of a reply, whose payload is its response.
    let status: String?
    let payload: Payload
}

/// Isolation: `Sendable`; written by the loop, read by the test.
final class Inbox: Sendable {
    private struct Waiter {
        let id: Int
        let matches: @Sendable (Received) -> Bool
        let continuation: CheckedContinuation<Received?, Never>
    }

    private struct State {
        var unread: [Received] = []
        var waiters: [Waiter] = []
        var closeCode: UInt16?
        var lastRef = 0
        var lastWaiter = 0
    }

    private let state = NIOLockedValueBox(State())
    private let patience: Duration

    init(patience: Duration) {
        self.patience = patience
    }

    func nextRef() -> String {
        state.withLockedValue { state in
            state.lastRef += 1
            return String(state.lastRef)
        }
    }

    // MARK: from the loop

    func append(_ message: Received) {
        let waiter: Waiter? = state.withLockedValue { state in
            if let index = state.waiters.firstIndex(where: { $0.matches(message) }) {
                return state.waiters.remove(at: index)
            }
            state.unread.append(message)
            return nil
        }
        waiter?.continuation.resume(returning: message)
    }

    func closed(_ code: UInt16) {
        state.withLockedValue { $0.closeCode = code }
    }

    // MARK: from the test

    func waiting(on topic: String) -> [String] {
        state.withLockedValue { state in
            state.unread.filter { $0.topic == topic }.map { "\($0.event) \($0.payload)" }
        }
    }

    func reply(to ref: String, on topic: String) async throws -> TestReply {
        let message = try await first("a reply to message \(ref) on \(topic)") { message in
            message.event == "phx_reply" && message.topic == topic && message.ref == .string(ref)
        }
        return TestReply(status: message.status ?? "", payload: message.payload)
    }

    func payload(_ what: String, _ matches: @escaping @Sendable (Received) -> Bool) async throws -> Payload {
        try await first(what, matches).payload
    }

    func close() async throws -> UInt16 {
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        while clock.now < deadline {
            if let code = state.withLockedValue({ $0.closeCode }) { return code }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw ExpectationFailed(expected: "the connection to be closed", unread: [])
    }

    private func first(
        _ what: String, _ matches: @escaping @Sendable (Received) -> Bool
    ) async throws -> Received {
        let id = state.withLockedValue { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let timeout = Task { [patience] in
            try await Task.sleep(for: patience)
            self.giveUp(id)
        }
        defer { timeout.cancel() }
        let found = await withCheckedContinuation { (continuation: CheckedContinuation<Received?, Never>) in
            let ready: Received? = state.withLockedValue { state in
                if let index = state.unread.firstIndex(where: matches) { return state.unread.remove(at: index) }
                state.waiters.append(Waiter(id: id, matches: matches, continuation: continuation))
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
        guard let found else {
            throw ExpectationFailed(
                expected: what,
                unread: state.withLockedValue { $0.unread.map { "\($0.topic) \($0.event) \($0.payload)" } })
        }
        return found
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLockedValue { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: nil)
    }
}
