// Firecrest — URLs, headers and lines that people type
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("console: arguments")
struct ConsoleAddressTests {
    @Test(
        "URLs",
        arguments: [
            ("ws://localhost:4000/socket", "localhost:4000", "/socket/websocket?vsn=2.0.0"),
            ("http://localhost/socket/", "localhost", "/socket/websocket?vsn=2.0.0"),
            ("WS://[::1]:81/s/websocket?a=b#c", "[::1]:81", "/s/websocket?a=b&vsn=2.0.0"),
            ("ws://h:1?vsn=9.0.0", "h:1", "/websocket?vsn=9.0.0"),
        ])
    func readsURLs(url: String, authority: String, target: String) throws {
        let address = try ConsoleAddress(url, params: [:], vsn: "2.0.0")
        #expect(address.authority == authority)
        #expect(address.target == target)
    }

    @Test(
        "URLs that are refused",
        arguments: [
            "localhost:4000", "wss://h/s", "ftp://h/s", "ws:///s", "ws://h:0/s", "ws://h:x/s", "ws://h/a b",
            "ws://u@h/s", "ws://h\r\nX: y/s",
        ])
    func refusesURLs(url: String) {
        #expect(throws: ConsoleError.self) { try ConsoleAddress(url, params: [:], vsn: "2.0.0") }
    }

    @Test("params are nested as phoenix.js nests them")
    func writesParams() throws {
        let params: JSON = ["a": ["b": "c d", "e": [1, true]], "n": nil, "ü": "&="]
        let address = try ConsoleAddress("ws://h/s", params: params, vsn: "1.0.0")
        #expect(
            address.target
                == "/s/websocket?a%5Bb%5D=c%20d&a%5Be%5D%5B0%5D=1&a%5Be%5D%5B1%5D=true&%C3%BC=%26%3D&vsn=1.0.0")
    }

    @Test("headers that would change the handshake, or smuggle lines")
    func refusesHeaders() throws {
        #expect(try ClientHandshake.header("Origin: http://h") == .init(name: "Origin", value: "http://h"))
        for text in ["Origin", ": x", "A b: c", "A: b\r\nC: d", "Host: x", "Sec-WebSocket-Key: x", "connection: close"]
        {
            #expect(throws: ConsoleError.self, "\(text)") { try ClientHandshake.header(text) }
        }
    }

    @Test("lines")
    func readsLines() throws {
        guard case .push(let event, let payload) = try ConsoleInput("  new_msg  {\"a\": [1]}  ") else {
            Issue.record("no push")
            return
        }
        #expect(event == "new_msg" && payload.description == "{\"a\": [1]}")
        guard case .push(_, let empty) = try ConsoleInput("ping") else {
            Issue.record("no push")
            return
        }
        #expect(empty.description == "{}")
        guard case .nothing = try ConsoleInput("   ") else {
            Issue.record("something")
            return
        }
        for line in ["/nope", "e {", "e {} x", "/binary", "/binary e xyz"] {
            #expect(throws: ConsoleError.self, "\(line)") { try ConsoleInput(line) }
        }
    }
}
