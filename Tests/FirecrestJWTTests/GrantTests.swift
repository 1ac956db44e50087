// Firecrest — what tokens allow: topics, events and ends, from the claim to the channel.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FoundationEssentials
import Testing

@testable import FirecrestJWT

@Suite struct GrantTests {
    private static let now = TestIssuer.now

    private func grant(
        _ topics: JSON?, _ configure: (inout JWTVerifierOptions) -> Void = { _ in }
    ) async throws -> SocketGrant {
        try await TestIssuer.verifier(configure).verify(try TestIssuer.token(["topics": topics]), now: Self.now).grant
    }

    @Test func a_grant_ends_with_its_token_and_the_skew() async throws {
        let end = Date(timeIntervalSince1970: Self.now + 60)
        #expect(try await grant(nil) == SocketGrant(expiresAt: end))
        #expect(
            try await grant(nil) { $0.clockSkew = .seconds(5) } == SocketGrant(expiresAt: end.addingTimeInterval(5)))
        let endless = try await TestIssuer.verifier { $0.requiresExpiry = false }
            .verify(try TestIssuer.token(["exp": nil]), now: Self.now)
        #expect(endless.grant == SocketGrant())
    }

    @Test func an_object_of_topics_and_events() async throws {
        let topics = try await grant([
            "room:*": true, "all": "*", "news": [], "desk:7": ["note", "typing"], "both": ["note", "*"],
            "quiz": ["events": ["answer"], "exp": .integer(Int64(Self.now) + 5)],
            "soon": ["exp": .number(Self.now + 0.5)],
        ]) { $0.clockSkew = .seconds(1) }.topics
        let found = Dictionary(uniqueKeysWithValues: try #require(topics).map { ($0.pattern.description, $0) })
        #expect(found.count == 7)
        for all in ["room:*", "all", "both", "soon"] { #expect(try #require(found[all]).events == nil, "\(all)") }
        #expect(found["room:*"]?.pattern.matches("room:lobby") == true)
        #expect(found["all"]?.pattern.matches("all2") == false)
        #expect(found["news"]?.events == [])
        #expect(found["desk:7"]?.events == ["note", "typing"])
        #expect(found["desk:7"]?.expiresAt == nil)
        #expect(found["quiz"]?.events == ["answer"])
        #expect(found["quiz"]?.expiresAt == Date(timeIntervalSince1970: Self.now + 6))
        #expect(found["soon"]?.expiresAt == Date(timeIntervalSince1970: Self.now + 1.5))
    }

    @Test func an_array_of_topics() async throws {
        let topics = try await grant(["room:*", "news"]).topics
        #expect(topics == [try TopicGrant(pattern: "room:*"), try TopicGrant(pattern: "news")])
        #expect(try await grant([]).topics == [])
        #expect(try await grant(.object([:])).topics == [])
    }

    @Test func what_is_no_claim_of_topics_refuses_the_token() async throws {
        let verifier = try await TestIssuer.verifier()
        let wrong: [JSON] = [
            .null, true, "room:*", 5, [1], [["room:*"]], [""], ["": true], ["ro*m": true], ["a**": true], ["*a"],
            ["a": false], ["a": .null], ["a": 1], ["a": "note"], ["a": [1]], ["a": ["events": 5]], ["a": ["exp": "x"]],
            ["a": ["exp": .null]], ["a": ["events": .null]], ["a": ["exp": -1]],
        ]
        for claim in wrong {
            #expect(verifier.refusal(of: try TestIssuer.token(["topics": claim])) == .claimMalformed, "\(claim)")
        }
    }

    @Test func the_claim_has_the_name_that_is_configured() async throws {
        let named = try await TestIssuer.verifier { $0.topicsClaim = "https://example.com/rooms" }
        let token = try TestIssuer.token(["https://example.com/rooms": ["a"], "topics": "something else"])
        #expect(try named.verify(token, now: Self.now).grant.topics == [try TopicGrant(pattern: "a")])
        let none = try await TestIssuer.verifier { $0.topicsClaim = nil }
        #expect(try none.verify(token, now: Self.now).grant.topics == nil)
        let required = try await TestIssuer.verifier { $0.requiresTopics = true }
        #expect(required.refusal(of: try TestIssuer.token()) == .claimMissing)
        #expect(required.refusal(of: try TestIssuer.token(["topics": []])) == nil)
    }

    @Test func limit_maxGrants() async throws {
        let verifier = try await TestIssuer.verifier { $0.maxGrants = 3 }
        let names = ["a", "b", "c", "d"]
        for isObject in [false, true] {
            func token(_ count: Int) throws -> String {
                let some = names.prefix(count)
                let claim: JSON =
                    isObject
                    ? .object(Dictionary(uniqueKeysWithValues: some.map { ($0, true) }))
                    : .array(some.map { .string($0) })
                return try TestIssuer.token(["topics": claim])
            }
            #expect(verifier.refusal(of: try token(3)) == nil)
            #expect(verifier.refusal(of: try token(4)) == .tooManyGrants)
        }
        #expect(await failure { _ = try await TestIssuer.verifier { $0.maxGrants = 1_001 } } == .optionOutOfRange)
    }

    @Test func limit_maxNameBytes() async throws {
        let verifier = try await TestIssuer.verifier()
        let longest = String(repeating: "x", count: TopicClaims.maxNameBytes)
        #expect(verifier.refusal(of: try TestIssuer.token(["topics": [.string(longest)]])) == nil)
        #expect(verifier.refusal(of: try TestIssuer.token(["topics": [.string(longest + "x")]])) == .tooManyGrants)
        #expect(verifier.refusal(of: try TestIssuer.token(["topics": ["a": [.string(longest)]]])) == nil)
        #expect(
            verifier.refusal(of: try TestIssuer.token(["topics": ["a": [.string(longest + "x")]]])) == .claimMalformed)
    }

    @Test func limit_maxEvents() async throws {
        let verifier = try await TestIssuer.verifier()
        func token(_ count: Int) throws -> String {
            try TestIssuer.token(["topics": ["a": .array((0..<count).map { .string("e\($0)") })]])
        }
        #expect(verifier.refusal(of: try token(TopicClaims.maxEvents)) == nil)
        #expect(verifier.refusal(of: try token(TopicClaims.maxEvents + 1)) == .tooManyGrants)
    }
}
