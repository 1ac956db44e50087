// Firecrest — a server whose routes write the session that its sockets read.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

/// A context of the application's own.
struct VisitorContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    var visitor = "nobody"

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }
}

enum SessionServer {
    static let secret = String(repeating: "s3cret", count: 12)
    static let options = SessionOptions(key: "_test_key", signingSalt: "salt")

    /// `/token` gives the page's CSRF token, `/read` the values, and each POST does what it is called.
    static func router(_ options: SessionOptions, maxFormBytes: Int? = nil) throws -> Router<VisitorContext> {
        var options = options
        options.secretKeyBase = options.secretKeyBase ?? secret
        let router = Router(context: VisitorContext.self)
        router.add(middleware: try SessionMiddleware(options, maxFormBytes: maxFormBytes))
        router.get("/token") { _, context in try context.requireSession().csrfToken }
        router.get("/read") { _, context in
            let session = try context.requireSession()
            return session.values.keys.sorted().map { "\($0)=\(session[$0]?.stringValue ?? "?")" }
                .joined(separator: "&")
        }
        router.post("/put") { request, context in
            let session = try context.requireSession()
            session["user"] = "u7"
            return "put " + String(buffer: try await request.body.collect(upTo: 1_000))
        }
        router.post("/large") { _, context in
            try context.requireSession()["large"] = .string(String(repeating: "x", count: 4_000))
            return "large"
        }
        router.post("/delete") { _, context in
            try context.requireSession()["user"] = nil
            return "deleted"
        }
        router.post("/clear") { _, context in
            try context.requireSession().clear()
            return "cleared"
        }
        router.post("/drop") { _, context in
            try context.requireSession().drop()
            return "dropped"
        }
        router.post("/login") { _, context in
            let session = try context.requireSession()
            session.renew()
            session["user"] = "admin"
            return session.csrfToken
        }
        return router
    }

    static func run(
        _ options: SessionOptions = options, checkCSRF: Bool = true, maxFormBytes: Int? = nil,
        endpoint: EndpointOptions = .test, _ body: (TestServer) async throws -> Void
    ) async throws {
        var endpoint = endpoint
        endpoint.secretKeyBase = secret
        let keys: [ConnectInfoKey] = [.session(options)]
        let router = try router(options, maxFormBytes: maxFormBytes)
        try await TestServer.run(options: endpoint) {
            socket(
                "/socket", ConnectSocket.self,
                websocket: .init {
                    $0.connectInfo = keys
                    $0.checkCSRF = checkCSRF
                },
                longpoll: .init {
                    $0.connectInfo = keys
                    $0.checkCSRF = checkCSRF
                },
                sse: .init {
                    $0.connectInfo = keys
                    $0.checkCSRF = checkCSRF
                })
            routes(router)
        } body: { server in
            try await body(server)
        }
    }
}

/// A browser with one cookie.
struct Visitor {
    let client: TestClient
    /// `name=value`.
    var cookie = ""
    var csrfToken = ""

    /// With a session of its own, which has a user.
    static func arriving(_ server: TestServer) async throws -> Visitor {
        var visitor = Visitor(client: try await TestClient.open(server))
        visitor.csrfToken = try await visitor.get("/token").text
        let answer = try await visitor.post("/put")
        try #require(answer.status == 200)
        return visitor
    }

    mutating func get(_ path: String) async throws -> HTTPAnswer {
        keep(try await client.get(path, headers: [("Cookie", cookie)]))
    }

    mutating func post(_ path: String, token: String? = nil, body: String = "") async throws -> HTTPAnswer {
        keep(
            try await client.request(
                "POST", path, headers: [("Cookie", cookie), ("X-CSRF-Token", token ?? csrfToken)],
                body: ByteBuffer(string: body)))
    }

    private mutating func keep(_ answer: HTTPAnswer) -> HTTPAnswer {
        if let header = answer["set-cookie"] { cookie = String(header.prefix { $0 != ";" }) }
        return answer
    }

    /// What `connect` is told of this browser's session.
    func session(
        _ server: TestServer, _ name: String, carrier: Carrier = .webSocket, mount: String = "/socket",
        token: String? = "",
        cookies: [String]? = nil
    ) async throws -> Session? {
        let sent = token.map { $0.isEmpty ? "&_csrf_token=" + csrfToken : "&_csrf_token=" + $0 } ?? ""
        _ = try await TestClient.connect(
            server, Wire(.v2, over: carrier), mount: mount, query: "test=\(name)\(sent)",
            headers: (cookies ?? [cookie]).map { ("Cookie", $0) })
        return try #require(ConnectSocket.calls(of: name).first, "the client was refused").info.session
    }
}
