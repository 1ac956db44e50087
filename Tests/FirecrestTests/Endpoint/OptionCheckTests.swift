// Firecrest — tests of options that are wrong: each is an error at start that names it, its value, and what is expected.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

/// Options with one wrong value, and how the error begins.
struct WrongOption: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var endpoint: @Sendable (inout EndpointOptions) -> Void = { _ in }
    var socket: @Sendable (inout SocketOptions) -> Void = { _ in }
    var websocket: @Sendable (inout WebSocketOptions) -> Void = { _ in }

    func makeEndpoint() throws {
        var options = EndpointOptions.test
        endpoint(&options)
        var socketOptions = SocketOptions()
        socket(&socketOptions)
        _ = try Endpoint(options) {
            Firecrest.socket("/socket", RoomSocket.self, websocket: WebSocketOptions(websocket), options: socketOptions)
        }
    }

    static func endpoint(_ begins: String, _ set: @escaping @Sendable (inout EndpointOptions) -> Void) -> WrongOption {
        WrongOption(testDescription: begins, endpoint: set)
    }

    static func socket(_ begins: String, _ set: @escaping @Sendable (inout SocketOptions) -> Void) -> WrongOption {
        WrongOption(testDescription: begins, socket: set)
    }

    static func websocket(_ begins: String, _ set: @escaping @Sendable (inout WebSocketOptions) -> Void) -> WrongOption
    {
        WrongOption(testDescription: begins, websocket: set)
    }
}

@Suite struct OptionCheckTests {
    private static let endpointOptions: [WrongOption] = [
        .endpoint("listen of the endpoint is empty") { $0.listen = [] },
        .endpoint("listen of the endpoint is 65536; it must be between 0 and 65535") {
            $0.listen = [.hostname("127.0.0.1", port: 65_536)]
        },
        .endpoint("listen of the endpoint is -1;") { $0.listen = [.hostname("127.0.0.1", port: -1)] },
        .endpoint("listen of the endpoint has an empty host") { $0.listen = [.hostname("", port: 0)] },
        .endpoint("listen of the endpoint has a Unix socket path of 0 bytes") { $0.listen = [.unixSocket(path: "")] },
        .endpoint("listen of the endpoint has a Unix socket path of 200 bytes") {
            $0.listen = [.unixSocket(path: String(repeating: "x", count: 200))]
        },
        .endpoint("listen of the endpoint is -3;") { $0.listen = [.descriptor(-3)] },
        .endpoint("loops of the endpoint is 0; it must be between 1 and 1024") { $0.loops = 0 },
        .endpoint("loops of the endpoint is 1025;") { $0.loops = 1_025 },
        .endpoint("backlog of the endpoint is 0;") { $0.backlog = 0 },
        .endpoint("shutdownTimeout of the endpoint is -1.0 seconds; it must be 0 or more") {
            $0.shutdownTimeout = .seconds(-1)
        },
        .endpoint("acceptRate of the endpoint perSecond must be more than 0") {
            $0.acceptRate = RateLimit(perSecond: 0)
        },
        .endpoint("joinRate of the endpoint burst must be at least 1") {
            $0.joinRate = RateLimit(perSecond: 1, burst: 0)
        },
        .endpoint("maxWaitingJoins of the endpoint is 0;") { $0.maxWaitingJoins = 0 },
        .endpoint("maxWaitingJoinBytes of the endpoint is 0;") { $0.maxWaitingJoinBytes = 0 },
        .endpoint("nodeName of the endpoint has 0 bytes") { $0.nodeName = "" },
        .endpoint("secretKeyBase of the endpoint has 63 bytes; it must have at least 64") {
            $0.secretKeyBase = String(repeating: "x", count: 63)
        },
        .endpoint("host of the endpoint is \"\"") { $0.host = "" },
        .endpoint("host of the endpoint is \"https://example.com\"") { $0.host = "https://example.com" },
        .endpoint("host of the endpoint is \"example.com:4000\"") { $0.host = "example.com:4000" },
        .endpoint("host of the endpoint is \"user@example.com\"") { $0.host = "user@example.com" },
        .endpoint("http.maxHeaderFieldBytes of the endpoint is 0;") { $0.http.maxHeaderFieldBytes = 0 },
        .endpoint("http.maxHeaderBytes of the endpoint is -1;") { $0.http.maxHeaderBytes = -1 },
        .endpoint("http.maxHeaderFields of the endpoint is 65001; it must be between 1 and 65000") {
            $0.http.maxHeaderFields = 65_001
        },
        .endpoint("http.maxBodyBytes of the endpoint is -1; it must be at least 0 bytes") { $0.http.maxBodyBytes = -1 },
        .endpoint("http.headerTimeout of the endpoint is 0.0 seconds; it must be more than 0") {
            $0.http.headerTimeout = .zero
        },
        .endpoint("http.bodyTimeout of the endpoint is -1.0 seconds") { $0.http.bodyTimeout = .seconds(-1) },
        .endpoint("http.keepAliveTimeout of the endpoint is") { $0.http.keepAliveTimeout = .hours(24 * 366) },
        .endpoint("message.maxTopicBytes of the endpoint is 0;") { $0.message.maxTopicBytes = 0 },
        .endpoint("message.maxEventBytes of the endpoint is 1073741825; it must be between 1 and 1073741824 bytes") {
            $0.message.maxEventBytes = 1 << 30 + 1
        },
        .endpoint("message.maxJSONDepth of the endpoint is 1; it must be between 2 and 1024") {
            $0.message.maxJSONDepth = 1
        },
    ]

    private static let socketOptions: [WrongOption] = [
        .socket("maxChannels of the socket at /socket is 0;") { $0.maxChannels = 0 },
        .socket("mailbox.maxMessages of the socket at /socket is -5;") { $0.mailbox.maxMessages = -5 },
        .socket("mailbox.maxBytes of the socket at /socket is 0;") { $0.mailbox.maxBytes = 0 },
        .socket("mailbox.maxServerMessages of the socket at /socket is 0;") { $0.mailbox.maxServerMessages = 0 },
        .socket("serializers of the socket at /socket are none") { $0.serializers = [] },
        .socket("messageRate of the socket at /socket perSecond must be more than 0") {
            $0.messageRate = RateLimit(perSecond: 0)
        },
        .socket("joinRate of the socket at /socket burst must be at least 1") {
            $0.joinRate = RateLimit(perSecond: 1, burst: 0)
        },
        .socket("joinTimeout of the socket at /socket is 0.0 seconds") { $0.joinTimeout = .zero },
        .socket("refusedJoins.after of the socket at /socket is 0;") { $0.refusedJoins?.after = 0 },
        .socket("refusedJoins.hold of the socket at /socket is 0.0 seconds") { $0.refusedJoins?.hold = .zero },
        .socket("refusedJoins.maxTopics of the socket at /socket is 0;") { $0.refusedJoins?.maxTopics = 0 },
        .socket("refusedJoins.maxResponseBytes of the socket at /socket is 0;") {
            $0.refusedJoins?.maxResponseBytes = 0
        },
    ]

    private static let websocketOptions: [WrongOption] = [
        .websocket("path of the WebSocket at /socket is \"\"; it must begin with /") { $0.path = "" },
        .websocket("path of the WebSocket at /socket is \"/a b\"") { $0.path = "/a b" },
        .websocket("path of the WebSocket at /socket is \"/a?b\"") { $0.path = "/a?b" },
        .websocket("path of the WebSocket at /socket is \"/ä\"") { $0.path = "/ä" },
        .websocket("path of the WebSocket at /socket is \"/:\", with a named segment") { $0.path = "/:" },
        .websocket("timeout of the WebSocket at /socket is 0.0 seconds; it must be more than 0") { $0.timeout = .zero },
        .websocket("pingInterval of the WebSocket at /socket is -1.0 seconds") { $0.pingInterval = .seconds(-1) },
        .websocket("pongTimeout of the WebSocket at /socket is 0.0 seconds") { $0.pongTimeout = .zero },
        .websocket("connectTimeout of the WebSocket at /socket is 0.0 seconds") { $0.connectTimeout = .zero },
        .websocket("connectTimeout of the WebSocket at /socket is ") { $0.connectTimeout = .seconds(Int64.max) },
        .websocket("maxMessageBytes of the WebSocket at /socket is 0; it must be between 1 and 1073741824 bytes") {
            $0.maxMessageBytes = 0
        },
        .websocket("maxFrameBytes of the WebSocket at /socket is 1073741825;") { $0.maxFrameBytes = 1 << 30 + 1 },
        .websocket("maxFragments of the WebSocket at /socket is 0;") { $0.maxFragments = 0 },
        .websocket("maxInflateRatio of the WebSocket at /socket is 0;") { $0.maxInflateRatio = 0 },
        .websocket("maxOutboundBytes of the WebSocket at /socket is -1;") { $0.maxOutboundBytes = -1 },
        .websocket("compress.level of the WebSocket at /socket is 10; it must be between 1 and 9") {
            $0.compress.level = 10
        },
        .websocket("compress.memoryLevel of the WebSocket at /socket is 0;") { $0.compress.memoryLevel = 0 },
        .websocket("compress.windowBits of the WebSocket at /socket is 8; it must be between 9 and 15") {
            $0.compress.windowBits = 8
        },
        .websocket("compress.minimumBytes of the WebSocket at /socket is -1;") { $0.compress.minimumBytes = -1 },
        .websocket("subprotocols of the WebSocket at /socket is an empty list") { $0.subprotocols = [] },
        .websocket("subprotocols of the WebSocket at /socket has the entry \"\"") { $0.subprotocols = ["sip", ""] },
        .websocket("subprotocols of the WebSocket at /socket has the entry \"a b\"") { $0.subprotocols = ["a b"] },
        .websocket("subprotocols of the WebSocket at /socket has the entry \"sip\" twice") {
            $0.subprotocols = ["sip", "mqtt", "sip"]
        },
        .websocket("connectInfo of the WebSocket at /socket has a custom value without a name") {
            $0.connectInfo = [.custom("", 1)]
        },
        .websocket("connectInfo of the WebSocket at /socket has two custom values \"a\"") {
            $0.connectInfo = [.custom("a", 1), .uri, .custom("a", 2)]
        },
        .websocket("checkOrigin of the WebSocket at /socket has the entry \"\"") { $0.checkOrigin = .list([""]) },
        .websocket("refusal of the WebSocket at /socket closes with 1006") {
            $0.refusal = .acceptThenClose(code: CloseCode(rawValue: 1_006))
        },
        .websocket("errorHandler of the WebSocket at /socket makes HTTP answers, but") {
            $0.refusal = .acceptThenClose
            $0.errorHandler = { _ in RefusalResponse(status: 429) }
        },
    ]

    @Test(arguments: endpointOptions + socketOptions + websocketOptions)
    func a_wrong_option_is_an_error_that_names_it(wrong: WrongOption) throws {
        let error = try #require(throws: OptionError.self) { try wrong.makeEndpoint() }
        #expect("\(error.option) \(error.sentence)".hasPrefix(wrong.testDescription))
        #expect(error.description == "\(error.code.rawValue): \(error.option) \(error.sentence).")
    }

    /// The edges of what is allowed, and what nil switches off.
    @Test func unusual_options_are_fine() throws {
        var options = EndpointOptions.test
        options.loops = 1
        options.shutdownTimeout = .zero
        options.host = "::1"
        options.http.maxBodyBytes = 0
        options.message.maxJSONDepth = 1_024
        options.listen = [.unixSocket(path: "a"), .hostname("::1", port: 65_535)]
        let websocket = WebSocketOptions {
            $0.path = "/"
            $0.timeout = nil
            $0.pingInterval = nil
            $0.pongTimeout = nil
            $0.connectTimeout = nil
            $0.maxMessageBytes = 1 << 30
            $0.subprotocols = []
            $0.connectInfo = [.authToken, .custom("signing_salt", "x")]
            $0.refusal = .acceptThenClose(code: CloseCode(rawValue: 4_001))
            $0.compress = .init { $0.minimumBytes = 0 }
        }
        var socketOptions = SocketOptions()
        socketOptions.refusedJoins = nil
        _ = try Endpoint(options) {
            socket("/a%20b/:id//", RoomSocket.self, websocket: websocket, options: socketOptions)
        }
    }

    // MARK: mounts

    @Test(arguments: ["", "socket", "/a b", "/a#b", "/a/:/b", "/sökt"])
    func a_mount_path_that_no_client_can_ask_for_is_an_error(path: String) throws {
        let error = try #require(throws: OptionError.self) { _ = try Endpoint(.test) { socket(path, RoomSocket.self) } }
        #expect(error.option == "path of the socket at \(path)")
        #expect(error.sentence.contains("is \"\(path)\""))
    }

    @Test func a_name_that_stands_twice_in_a_path_is_an_error() throws {
        let websocket = WebSocketOptions { $0.path = "/b/:id" }
        let error = try #require(throws: OptionError.self) {
            _ = try Endpoint(.test) { socket("/a/:id", RoomSocket.self, websocket: websocket) }
        }
        #expect(error.code == .conflict)
        #expect(error.description.contains(":id"))
    }

    @Test(arguments: [
        ("/a", "/websocket", "/a/", "/websocket"), ("/a", "/websocket", "/a/websocket", "/"),
        ("/a/:x", "/websocket", "/a/:y", "/websocket"), ("/:x", "/websocket", "/a", "/websocket"),
    ])
    func a_mount_whose_requests_another_one_takes_is_an_error(
        first: String, firstPath: String, second: String, secondPath: String
    ) throws {
        let error = try #require(throws: OptionError.self) {
            _ = try Endpoint(.test) {
                socket(first, RoomSocket.self, websocket: .init { $0.path = firstPath })
                socket(second, RoomSocket.self, websocket: .init { $0.path = secondPath })
            }
        }
        #expect(error.code == .conflict)
        #expect(error.option == "path of the WebSocket at \(second)")
        #expect(error.sentence.contains("the mount at \(first)"))
    }

    @Test func mounts_that_overlap_in_part_are_fine_and_one_that_is_off_stands_in_nobodys_way() throws {
        _ = try Endpoint(.test) {
            socket("/a", RoomSocket.self, websocket: false)
            socket("/a", RoomSocket.self)
            socket("/:room", RoomSocket.self)
            socket("/:room/x", RoomSocket.self)
        }
    }

    // MARK: options of the type

    private struct QuietSocket: Socket {
        static let channels = Channels { channel("room:*", RoomChannel.self) }
        static var websocket: WebSocketOptions { .init { $0.path = "/typed" } }
        static var options: SocketOptions {
            var options = SocketOptions()
            options.maxChannels = 1
            return options
        }
    }

    @Test func a_mount_has_the_types_options_unless_it_gives_its_own() async throws {
        var own = SocketOptions()
        own.maxChannels = 2
        try await TestServer.run(
            socket("/a", QuietSocket.self), socket("/b", QuietSocket.self, websocket: true, options: own)
        ) { server in
            let typed = try await TestClient.connect(server, path: "/a/typed?vsn=2.0.0")
            #expect(try await typed.join("room:1").status == "ok")
            #expect(try await typed.join("room:2", ref: "2").status == "error")
            let mounted = try await TestClient.connect(server, path: "/b/websocket?vsn=2.0.0")
            #expect(try await mounted.join("room:1").status == "ok")
            #expect(try await mounted.join("room:2", ref: "2").status == "ok")
        }
    }
}
