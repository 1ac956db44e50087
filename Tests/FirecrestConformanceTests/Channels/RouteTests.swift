// Firecrest — which channel takes a topic (rows 159-163)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Routes")
struct RouteTests {
    /// Joins `topic` and returns which route took it; nil when none did.
    static func route<S: WorldSocket>(_ topic: String, _ type: S.Type, _ wire: Wire) async throws -> JSON? {
        try await World.run(type, wire: wire) { world in
            let client = try await world.connect()
            let reply = try await client.join(topic)
            if reply.status == "ok" {
                #expect(wire.form == .v1 || reply.joinRef == "1")
                return reply.response?["route"]
            }
            #expect(reply.joinRef == nil)
            #expect(reply.response == ["reason": "unmatched topic"])
            return nil
        }
    }

    @Test("the first route that matches takes the topic: food* before foo*", arguments: Wire.all)
    func phx_159_first_match(wire: Wire) async throws {
        #expect(try await Self.route("food:1", ManyRoutes.self, wire) == "food*")
        #expect(try await Self.route("foo:1", ManyRoutes.self, wire) == "foo*")
    }

    @Test("a prefix matches itself", arguments: Wire.all)
    func phx_160_bare_prefix(wire: Wire) async throws {
        #expect(try await Self.route("foo", ManyRoutes.self, wire) == "foo*")
        #expect(try await Self.route("fo", ManyRoutes.self, wire) == nil)
    }

    @Test("an exact route matches nothing longer", arguments: Wire.all)
    func phx_161_exact(wire: Wire) async throws {
        #expect(try await Self.route("exact", ManyRoutes.self, wire) == "exact")
        #expect(try await Self.route("exact:1", ManyRoutes.self, wire) == nil)
    }

    @Test("a pattern with a * in its middle is found when the endpoint is made")
    func phx_162_bad_pattern() {
        let error = #expect(throws: TopicPatternError.self) {
            try Endpoint(.test) { socket("/socket", BadRoute.self) }
        }
        #expect(error?.pattern == "a*b")
    }

    @Test("* takes everything", arguments: ["", "anything", "any:thing:at all", "*", "ünïcode:🏔"], Wire.all)
    func phx_163_star(topic: String, wire: Wire) async throws {
        #expect(try await Self.route(topic, StarRoute.self, wire) == "*")
    }

    @Test(
        "topics of our own are nobody's to join", arguments: ["phx:x", "phx_presence:room:1", "__x", "__", "phx:"],
        Wire.all)
    func reserved(topic: String, wire: Wire) async throws {
        #expect(try await Self.route(topic, StarRoute.self, wire) == nil)
    }

    @Test(
        "names that only look like ours are free", arguments: ["phx", "phxx:1", "phx_presenc:1", "_x", "phoenix"],
        Wire.all)
    func notReserved(topic: String, wire: Wire) async throws {
        #expect(try await Self.route(topic, StarRoute.self, wire) == "*")
    }

    @Test("topics are bytes: two spellings of é are two topics on one connection", arguments: Wire.all)
    func canonicalEquivalents(wire: Wire) async throws {
        try await World.run(StarRoute.self, wire: wire) { world in
            let client = try await world.connect()
            try await client.play(
                #"""
                -> ["1","1","caf\u00e9","phx_join",{}]
                <- ["1","1","caf\u00e9","phx_reply",{"status":"ok","response":{"route":"*"}}]
                -> ["2","2","cafe\u0301","phx_join",{}]
                <- ["2","2","cafe\u0301","phx_reply",{"status":"ok","response":{"route":"*"}}]
                <- nothing
                """#)
            try world.broadcast("caf\u{E9}", "composed")
            try world.broadcast("cafe\u{301}", "decomposed")
            try await client.play(
                #"""
                <- [null,null,"caf\u00e9","composed",{}]
                <- [null,null,"cafe\u0301","decomposed",{}]
                """#)
        }
    }
}

private struct ManyRoutes: WorldSocket {
    static let channels = Channels {
        channel("food*", NamedRoute.self, assigns: route("food*"))
        channel("foo*", NamedRoute.self, assigns: route("foo*"))
        channel("exact", NamedRoute.self, assigns: route("exact"))
    }
}

private struct StarRoute: WorldSocket {
    static let channels = Channels { channel("*", NamedRoute.self, assigns: route("*")) }
}

private struct BadRoute: WorldSocket {
    static let channels = Channels {
        channel("room:*", NamedRoute.self)
        channel("a*b", NamedRoute.self)
    }
}

private func route(_ name: String) -> Assigns {
    var assigns = Assigns()
    assigns[.route] = name
    return assigns
}

extension AssignKey<String> {
    fileprivate static let route = AssignKey("route")
}

private final class NamedRoute: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        .ok(["route": .string(socket.assigns[.route] ?? "")])
    }

    static var events: [Event<NamedRoute>] {}
}
