// Firecrest — keeps tests with real sockets from starving each other.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers

/// How much of the machine a test's server wants.
package enum ServerShare: Sendable {
    /// A few other servers may run meanwhile.
    case shared
    /// No other server runs meanwhile: for tests that measure memory or latency, or open thousands of sockets.
    case alone

    fileprivate var places: Int { self == .alone ? ServerGate.places : 1 }
}

/// A semaphore, first come first served. Swift Testing starts all tests at once; hundreds of servers on a few cores would
/// make every time limit in them a matter of luck.
package enum ServerGate {
    fileprivate static let places = 4

    private struct State {
        var free = ServerGate.places
        var waiting: [(places: Int, continuation: CheckedContinuation<Void, Never>)] = []

        mutating func admitted() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let first = waiting.first, first.places <= free {
                free -= first.places
                admitted.append(waiting.removeFirst().continuation)
            }
            return admitted
        }
    }

    private static let state = NIOLockedValueBox(State())
    /// A test with a second server already has its place.
    @TaskLocal private static var isInside = false

    package static func enter<Result>(_ share: ServerShare, _ body: () async throws -> Result) async throws -> Result {
        if isInside { return try await body() }
        await withCheckedContinuation { continuation in
            let admitted = state.withLockedValue { state in
                state.waiting.append((share.places, continuation))
                return state.admitted()
            }
            for continuation in admitted { continuation.resume() }
        }
        defer {
            let admitted = state.withLockedValue { state in
                state.free += share.places
                return state.admitted()
            }
            for continuation in admitted { continuation.resume() }
        }
        return try await $isInside.withValue(true) { try await body() }
    }
}
