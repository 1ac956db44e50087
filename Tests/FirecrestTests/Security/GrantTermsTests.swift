// Firecrest — what a grant allows, and when it ends.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FoundationEssentials
import NIOCore
import Testing

@testable import Firecrest

@Suite struct GrantTermsTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private static let date = Date(timeIntervalSince1970: 1_700_000_000)

    private static func terms(_ grant: SocketGrant, leeway: Duration = .zero) -> GrantTerms {
        GrantTerms(grant, leeway: leeway, now: start, date: date)
    }

    private static func after(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test func a_grant_of_everything_allows_everything() {
        let terms = Self.terms(SocketGrant())
        #expect(terms.access(to: "room:1", Self.start) == .granted(isRestricted: false))
        #expect(terms.nextEnd(after: Self.start) == nil)
    }

    @Test func the_whole_ends_at_its_date_and_not_before() {
        let terms = Self.terms(SocketGrant(expiresAt: Self.date + 60))
        #expect(!terms.hasEnded(Self.after(59)))
        #expect(terms.hasEnded(Self.after(60)))
        #expect(terms.nextEnd(after: Self.start) == Self.after(60))
        #expect(terms.access(to: "room:1", Self.after(60)) == .refused(.expired))
    }

    @Test func leeway_is_added_to_every_end() throws {
        let part = try TopicGrant(pattern: "room:*", expiresAt: Self.date + 10)
        let terms = Self.terms(SocketGrant(expiresAt: Self.date + 60, topics: [part]), leeway: .seconds(5))
        #expect(terms.access(to: "room:1", Self.after(14)) == .granted(isRestricted: false))
        #expect(terms.access(to: "room:1", Self.after(15)) == .refused(.expired))
        #expect(!terms.hasEnded(Self.after(64)))
        #expect(terms.hasEnded(Self.after(65)))
    }

    @Test func only_what_is_named_is_granted() throws {
        let terms = Self.terms(SocketGrant(topics: [try TopicGrant(pattern: "room:*"), TopicGrant("news")]))
        #expect(terms.access(to: "room:", Self.start) == .granted(isRestricted: false))
        #expect(terms.access(to: "news", Self.start) == .granted(isRestricted: false))
        #expect(terms.access(to: "news:1", Self.start) == .refused(.unauthorized))
        #expect(Self.terms(SocketGrant(topics: [])).access(to: "news", Self.start) == .refused(.unauthorized))
    }

    @Test func a_topic_by_name_is_no_pattern() {
        let terms = Self.terms(SocketGrant(topics: [TopicGrant("room:*")]))
        #expect(terms.access(to: "room:*", Self.start) == .granted(isRestricted: false))
        #expect(terms.access(to: "room:1", Self.start) == .refused(.unauthorized))
    }

    @Test func parts_add_up_until_each_ends() throws {
        let terms = Self.terms(
            SocketGrant(topics: [
                try TopicGrant(pattern: "room:*", events: ["read"]),
                try TopicGrant(pattern: "room:1", events: ["write"], expiresAt: Self.date + 10),
                try TopicGrant(pattern: "room:2", expiresAt: Self.date + 20),
            ]))
        #expect(terms.access(to: "room:1", Self.start) == .granted(isRestricted: true))
        #expect(terms.allows("read", on: "room:1", Self.start) && terms.allows("write", on: "room:1", Self.start))
        #expect(!terms.allows("write", on: "room:3", Self.start))
        #expect(terms.nextEnd(after: Self.start) == Self.after(10))
        #expect(!terms.allows("write", on: "room:1", Self.after(10)))
        #expect(terms.nextEnd(after: Self.after(10)) == Self.after(20))
        #expect(terms.access(to: "room:2", Self.start) == .granted(isRestricted: false))
        #expect(terms.access(to: "room:2", Self.after(20)) == .granted(isRestricted: true))
        #expect(terms.nextEnd(after: Self.after(20)) == nil)
    }

    @Test func dates_that_no_clock_shows_do_not_trap() {
        for date in [Date.distantFuture, Date(timeIntervalSince1970: .infinity), Date(timeIntervalSince1970: 1e300)] {
            #expect(Self.terms(SocketGrant(expiresAt: date)).end == nil)
        }
        for date in [
            Date.distantPast, Date(timeIntervalSince1970: -.infinity), Date(timeIntervalSince1970: .nan),
            Date(timeIntervalSince1970: -1e300),
        ] {
            #expect(Self.terms(SocketGrant(expiresAt: date)).hasEnded(Self.start))
        }
    }

    @Test func the_time_that_is_left_is_that_of_the_first_part_to_end() {
        #expect(SocketGrant().secondsLeft == nil)
        #expect(SocketGrant(expiresAt: .distantPast).secondsLeft == 0)
        #expect(SocketGrant(expiresAt: Date(timeIntervalSince1970: .infinity)).secondsLeft == .max)
        let grant = SocketGrant(
            expiresAt: .now + 1_000, topics: [TopicGrant("a", expiresAt: .now + 500), TopicGrant("b")])
        #expect((495...500).contains(grant.secondsLeft ?? 0))
    }
}
