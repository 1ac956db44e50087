// Firecrest — the feed keeps its rate, and ends when it is told
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import Testing

@testable import FirecrestCLI

@Suite("compare: feed")
struct FeedTests {
    /// Makes a feed on a loop of its own and lets it come due while the loop is busy, with `then` queued behind.
    private func overdue(_ then: @escaping @Sendable (Feed) -> Void) async throws -> (Int, Int) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var settings = CompareSettings()
        settings.rate = 200
        let asked = settings
        let (feed, before) = try await loop.flatSubmit {
            let feed = Feed(asked, loop: loop, endpoints: []) { _ in }
            feed.start()
            let due = NIODeadline.now() + .milliseconds(8)
            while NIODeadline.now() < due {}
            let bound = NIOLoopBound(feed, eventLoop: loop)
            return loop.submit {
                then(bound.value)
                return (bound, bound.value.sent)
            }
        }.get()
        // By then four more messages of 5 ms would be due.
        let after = try await loop.scheduleTask(in: .milliseconds(22)) { feed.value.sent }.futureResult.get()
        try await loop.submit { feed.value.stop() }.get()
        return (before, after)
    }

    @Test("a feed that was due when it was stopped is stopped", arguments: 1...5)
    func stops(_: Int) async throws {
        let (before, after) = try await overdue { $0.stop() }
        #expect(after == before)
    }

    @Test("a feed that was due when its rate changed goes on once, at the new rate", arguments: 1...5)
    func adjusts(_: Int) async throws {
        let (before, after) = try await overdue { $0.adjust(period: .seconds(60)) }
        #expect(after == before)
    }
}
