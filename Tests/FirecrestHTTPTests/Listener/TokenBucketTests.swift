// Firecrest — tests of the bucket that rates are kept with.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import NIOCore
import Testing

@Suite struct TokenBucketTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func a_full_bucket_gives_its_burst_and_then_what_comes_back() {
        var bucket = TokenBucket(RateLimit(perSecond: 10, burst: 3), now: start)
        for _ in 0..<3 { #expect(bucket.take(now: start) == nil) }
        #expect(bucket.take(now: start) == 100)
        #expect(bucket.take(now: start + .milliseconds(100)) == nil)
        #expect(bucket.take(now: start + .milliseconds(150)) == 50)
        // It holds no more than the burst.
        for _ in 0..<3 { #expect(bucket.take(now: start + .seconds(60)) == nil) }
        #expect(bucket.take(now: start + .seconds(60)) == 100)
    }

    @Test func what_has_happened_is_paid_for_later() {
        var bucket = TokenBucket(RateLimit(perSecond: 10, burst: 1), now: start)
        for _ in 0..<4 { bucket.spend(now: start) }
        #expect(bucket.wait(for: 1, now: start) == .milliseconds(400))
        #expect(bucket.wait(for: 1, now: start + .milliseconds(300)) == .milliseconds(100))
        #expect(bucket.wait(for: 1, now: start + .milliseconds(400)) == nil)
    }

    @Test func a_wait_is_for_several_but_never_for_more_than_there_can_be() {
        var bucket = TokenBucket(RateLimit(perSecond: 1_000, burst: 10), now: start)
        for _ in 0..<10 { bucket.spend(now: start) }
        #expect(bucket.wait(for: 5, now: start) == .milliseconds(5))
        #expect(bucket.wait(for: 50, now: start) == .milliseconds(10))
        #expect(bucket.wait(for: 0, now: start) == .milliseconds(1))
    }

    @Test func a_rate_can_be_multiplied() {
        #expect(RateLimit(perSecond: 5, burst: 3).times(4) == RateLimit(perSecond: 20, burst: 12))
        #expect(RateLimit(perSecond: 1, burst: .max).times(2).burst == .max)
    }

    @Test func a_pace_waits_a_millisecond_at_least_and_knows_how_long_many_take() {
        let pace = Pace(RateLimit(perSecond: 1_000_000, burst: 1))
        let now = NIODeadline.now()
        #expect(pace.take(now: now))
        #expect(pace.wait(now: now) ?? .milliseconds(1) >= .milliseconds(1))
        #expect(pace.time(for: 500_000) == .milliseconds(500))
    }
}
