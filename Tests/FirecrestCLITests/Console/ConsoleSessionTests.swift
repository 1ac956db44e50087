// Firecrest — `firecrest console` against the demo's channels on a real endpoint
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("console")
struct ConsoleSessionTests {
    private func serve(
        compress: Bool = false, _ body: (TestServer) async throws -> Void
    ) async throws {
        var websocket = WebSocketOptions()
        websocket.authToken = true
        if compress { websocket.compress = true }
        try await TestServer.run(socket("/socket", PlaygroundSocket.self, websocket: websocket), body: body)
    }

    @Test("join, push, reply, broadcast; the end of input leaves and closes", arguments: ClientCodec.Version.allCases)
    func talks(version: ClientCodec.Version) async throws {
        try await serve { server in
            let run = ConsoleRun(try .test(server, version: version))
            await run.wait(for: "phx_join ok")
            run.type(#"echo {"a": 1}"#)
            await run.wait(for: "echo ok")
            run.type(#"shout {"hi": true}"#)
            await run.wait(for: #"{"hi": true}"#)
            run.type("push_me")
            await run.wait(for: "pushed")
            run.type("/quit")
            #expect(await run.end() == nil)
            let text = run.text
            #expect(text.contains("phx_leave ok"))
            #expect(text.contains(#"{"a": 1}"#))
            // A reply has its round trip.
            #expect(text.split(separator: "\n").contains { $0.contains("echo ok") && $0.contains(" ms ") })
        }
    }

    @Test("binary, both ways")
    func talksBinary() async throws {
        try await serve { server in
            let run = ConsoleRun(try .test(server))
            await run.wait(for: "phx_join ok")
            run.type("/binary binary_echo de ad be ef")
            await run.wait(for: "binary_echo ok")
            run.type("/binary binary_shout 00ff")
            await run.wait(for: "<2 bytes: 00 ff>")
            run.type("/binary binary_push 01")
            await run.wait(for: "binary_pushed")
            // What has no reply would be awaited at the end of input.
            run.type("/quit")
            #expect(await run.end() == nil)
            #expect(run.text.contains("<4 bytes: de ad be ef>"))
        }
    }

    @Test("a pipe: all lines are sent, outstanding replies awaited, then a clean end")
    func worksInAPipe() async throws {
        try await serve { server in
            let run = ConsoleRun(try .test(server))
            for number in 1...20 { run.type(#"echo {"n":\#(number)}"#) }
            run.type(#"later {"ms":100,"n":21}"#)
            run.endInput()
            #expect(await run.end() == nil)
            let replies = run.text.split(separator: "\n").filter { $0.contains("echo ok") }
            #expect(replies.count == 20)
            #expect(run.text.contains("later ok"))
            #expect(!run.text.contains("no reply"))
            // Each later than the one before.
            #expect(replies.enumerated().allSatisfy { $0.element.hasSuffix(#"{"n":\#($0.offset + 1)}"#) })
        }
    }

    @Test("replies that never come are awaited no longer than the timeout")
    func boundsTheWait() async throws {
        try await serve { server in
            var options = try ConsoleOptions.test(server)
            options.timeout = .milliseconds(300)
            let run = ConsoleRun(options)
            run.type("silent")
            run.endInput()
            #expect(await run.end() == nil)
            #expect(run.text.contains("no reply to 2 within 0.3 s"))
            #expect(run.text.contains("phx_leave ok"))
        }
    }

    @Test("a refused join")
    func refusedJoin() async throws {
        try await serve { server in
            var options = try ConsoleOptions.test(server)
            options.joinPayload = try ConsoleInput.payload(#"{"deny":true}"#)
            let error = await ConsoleRun(options).end()
            #expect(error?.description.contains(#"the join of room:lobby was refused: {"reason":"denied"}"#) == true)
            let unmatched = await ConsoleRun(try .test(server, "nobody:home")).end()
            #expect(unmatched?.description.contains("unmatched topic") == true)
        }
    }

    @Test("a refused connection, a path without a socket, a port without a server")
    func refusedConnection() async throws {
        try await serve { server in
            let refused = await ConsoleRun(try .test(server, params: ["reject": "1"])).end()
            #expect(refused?.description.contains("403") == true)
            let missing = await ConsoleRun(try .test(server, path: "/nothing")).end()
            #expect(missing?.description.contains("404") == true)
        }
        var address = try ConsoleAddress("ws://127.0.0.1:1/socket", params: [:], vsn: "2.0.0")
        address.port = 1
        let gone = await ConsoleRun(ConsoleOptions(address: address, topic: "t")).end()
        #expect(gone?.description.contains("cannot connect to 127.0.0.1:1: connection refused") == true)
    }

    @Test("a join that hangs")
    func hangingJoin() async throws {
        try await serve { server in
            var options = try ConsoleOptions.test(server)
            options.timeout = .milliseconds(300)
            options.joinPayload = try ConsoleInput.payload(#"{"hang_ms":60000}"#)
            let error = await ConsoleRun(options).end()
            #expect(error?.description.contains("no reply to the join of room:lobby within 0.3 s") == true)
        }
    }

    @Test("the server closes, drops, or stops")
    func serverGone() async throws {
        try await serve { server in
            for (event, sentence) in [
                ("close_me", "the server closed the connection: 1001 going away"),
                ("kill_me", "the server dropped the connection without a close frame"),
            ] {
                let run = ConsoleRun(try .test(server))
                await run.wait(for: "phx_join ok")
                run.type(event)
                let error = await run.end()
                #expect(error?.description.contains(sentence) == true, "\(event): \(String(describing: error))")
            }
            let run = ConsoleRun(try .test(server))
            await run.wait(for: "phx_join ok")
            try await server.shutDown()
            #expect(await run.end() != nil)
        }
    }

    @Test("leave, rejoin, another topic; a channel that crashes")
    func movesBetweenTopics() async throws {
        try await serve { server in
            let run = ConsoleRun(try .test(server))
            await run.wait(for: "phx_join ok")
            run.type("/leave")
            await run.wait(for: "phx_close")
            run.type("echo")
            await run.wait(for: "room:lobby is not joined; /join joins it")
            run.type("/join room:other")
            await run.wait(for: #""topic":"room:other""#)
            run.type("crash")
            await run.wait(for: "phx_error")
            run.type("/join")
            run.type("ping")
            await run.wait(for: "ping ok")
            run.type("/join room:denied")
            run.type("/nonsense")
            await run.wait(for: "there is no /nonsense")
            run.type("echo {")
            await run.wait(for: "this is no JSON")
            run.type("/ping")
            await run.wait(for: "pong after")
            run.interrupt()
            #expect(await run.end() == nil)
        }
    }

    @Test("the token and params arrive as phoenix.js sends them")
    func sendsCredentials() async throws {
        try await serve { server in
            var options = try ConsoleOptions.test(server, params: ["user": ["name": "ada", "roles": ["a b", "c"]]])
            options.authToken = "s3cret?>"
            let run = ConsoleRun(options)
            run.type("conn_info")
            await run.wait(for: "conn_info ok")
            run.endInput()
            #expect(await run.end() == nil)
            #expect(run.text.contains(#""auth_token":"s3cret?>""#))
            #expect(run.text.contains(#""name":"ada""#) && run.text.contains("a b"))
        }
    }

    @Test("compressed messages, both ways")
    func compresses() async throws {
        try await serve(compress: true) { server in
            var options = try ConsoleOptions.test(server)
            options.isRaw = true
            let run = ConsoleRun(options)
            let text = String(repeating: "ha", count: 2_000)
            run.type(#"echo {"t":"\#(text)"}"#)
            await run.wait(for: "echo ok")
            run.endInput()
            #expect(await run.end() == nil)
            // Both frames, as inspect shows them.
            #expect(run.text.components(separatedBy: "inflated from").count == 3)
            #expect(!run.text.contains("ERROR"))
        }
    }

    @Test("--raw shows both heads, each frame, and the close")
    func showsFrames() async throws {
        try await serve { server in
            var options = try ConsoleOptions.test(server)
            options.isRaw = true
            let run = ConsoleRun(options)
            await run.wait(for: "phx_join ok")
            run.endInput()
            #expect(await run.end() == nil)
            let text = run.text
            #expect(text.contains("-> request") && text.contains("<- response") && text.contains("answers the key"))
            #expect(text.contains("masking key"))
            #expect(text.contains("1000 normal closure"))
            #expect(!text.contains("ERROR"))
        }
    }

    @Test("heartbeats are sent and answered")
    func beats() async throws {
        try await serve { server in
            var options = try ConsoleOptions.test(server)
            options.heartbeat = .milliseconds(20)
            let run = ConsoleRun(options)
            await run.wait(for: "heartbeat ok")
            run.endInput()
            #expect(await run.end() == nil)
        }
    }

    @Test("an interrupt ends cleanly")
    func interrupts() async throws {
        try await serve { server in
            let run = ConsoleRun(try .test(server))
            await run.wait(for: "phx_join ok")
            run.interrupt()
            #expect(await run.end() == nil)
            #expect(run.text.contains("phx_leave ok"))
            try await server.waitForStatistics("no connection is left") { $0.connectionsOpen == 0 }
        }
    }
}

extension String {
    fileprivate func components(separatedBy mark: String) -> [Substring] {
        split(separator: mark, omittingEmptySubsequences: false)
    }
}
