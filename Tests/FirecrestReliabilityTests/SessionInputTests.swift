// Firecrest — bad inputs: cookies without the token that belongs to them, at a real socket.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite struct SessionInputTests {
    @Test func bad_32_a_cookie_without_its_csrf_token_is_no_session() async throws {
        try await run { server, good in
            try await expect("u1", server, good.cookie, good.token)
            try await expect("none", server, good.cookie, nil)
            for token in ["", "x", String(repeating: "A", count: 56), String(good.token.dropLast()), good.token + "A"] {
                try await expect("none", server, good.cookie, token)
            }
            // A megabyte, as far as a request may be that long.
            try await expect("none", server, good.cookie, String(repeating: "A", count: 7_000))
            try await expect("none", server, "_key=" + String(repeating: "A", count: 7_000), good.token)
            try await expect("u1", server, good.cookie, good.token)
        }
    }

    @Test func bad_32_the_token_of_another_session_is_none_of_this() async throws {
        try await run { server, good in
            let other = try await arrive(server)
            try await expect("none", server, good.cookie, other.token)
            try await expect("none", server, other.cookie, good.token)
            try await expect("u1", server, other.cookie, other.token)
        }
    }

    @Test func bad_32_a_stale_token_is_none() async throws {
        try await run { server, good in
            let client = try await TestClient.open(server)
            let answer = try await client.request(
                "POST", "/renew", headers: [("Cookie", good.cookie), ("X-CSRF-Token", good.token)], body: ByteBuffer())
            try #require(answer.status == 200)
            let renewed = try #require(answer["set-cookie"]?.split(separator: ";").first.map(String.init))
            try await expect("none", server, renewed, good.token)
            try await expect("u1", server, renewed, answer.text)
        }
    }

    // MARK: server

    private struct Visitor {
        var cookie: String
        var token: String
    }

    private func run(_ body: (TestServer, Visitor) async throws -> Void) async throws {
        var endpoint = EndpointOptions.test
        endpoint.secretKeyBase = String(repeating: "k", count: 64)
        let options = SessionOptions(
            key: "_key", signingSalt: "salt", secretKeyBase: endpoint.secretKeyBase)
        let router = Router()
        router.add(middleware: try SessionMiddleware(options))
        router.get("/arrive") { _, context in
            let session = try context.requireSession()
            session["user"] = "u1"
            return session.csrfToken
        }
        router.post("/renew") { _, context in
            let session = try context.requireSession()
            session.renew()
            return session.csrfToken
        }
        let pages = routes(router)
        try await TestServer.run(options: endpoint) {
            socket("/socket", WhoSocket.self, websocket: .init { $0.connectInfo = [.session(options)] })
            pages
        } body: { server in
            try await body(server, try await arrive(server))
        }
    }

    private func arrive(_ server: TestServer) async throws -> Visitor {
        let answer = try await TestClient.open(server).get("/arrive")
        let cookie = try #require(answer["set-cookie"]?.split(separator: ";").first.map(String.init))
        return Visitor(cookie: cookie, token: answer.text)
    }

    private func expect(
        _ user: String, _ server: TestServer, _ cookie: String, _ token: String?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await session(server, cookie, token)
        #expect(found == user, "with the token \(token ?? "nil")", sourceLocation: sourceLocation)
    }

    /// The user of the client's session, as its channel says it.
    private func session(_ server: TestServer, _ cookie: String, _ token: String?) async throws -> String {
        let query = token.map { "&_csrf_token=\($0)" } ?? ""
        let client = try await TestClient.connect(
            server, path: "/socket/websocket?vsn=2.0.0\(query)", headers: [("Cookie", cookie)])
        defer { client.drop() }
        let reply = try await client.join("who")
        return reply.payload["response"]?["user"]?.stringValue ?? "?"
    }
}

private struct WhoSocket: Socket {
    static let channels = Channels {
        channel("who", WhoChannel.self)
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        var assigns = Assigns()
        assigns[AssignKey<String>("user")] = info.session?["user"]?.stringValue ?? "none"
        return assigns
    }
}

private final class WhoChannel: Firecrest.Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        .ok(["user": .string(socket.assigns[AssignKey<String>("user")] ?? "?")] as JSON)
    }

    static var events: [Event<WhoChannel>] {}
}
