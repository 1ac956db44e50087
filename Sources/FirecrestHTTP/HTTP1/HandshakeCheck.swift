// Firecrest — the WebSocket handshake's rules applied to an HTTP head.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOHTTP1

enum HandshakeCheck {
    /// nil when `head` is a correct opening handshake (RFC 6455 §4.2.1). Checked before the mount is asked, so that a
    /// plain GET costs no authentication.
    static func refusal(of head: HTTPRequestHead) -> HTTPRefusal? {
        guard head.method == .GET else {
            // Phoenix answers other methods with an empty 400.
            return HTTPRefusal(
                .badRequest, code: "method_not_get", sentence: "A WebSocket begins with a GET.", hasBody: false)
        }
        guard head.version == .http1_1 else {
            return HTTPRefusal(
                .badRequest, code: "http_version", sentence: "A WebSocket upgrade needs HTTP/1.1.", closes: true)
        }
        let headers = head.headers
        guard
            let error = WebSocketHandshake.check(
                method: head.method.rawValue, host: headers["host"], connection: headers["connection"],
                upgrade: headers["upgrade"], key: headers["sec-websocket-key"],
                version: headers["sec-websocket-version"])
        else { return nil }
        return HTTPRefusal(
            .badRequest, code: "bad_handshake", sentence: error.reason,
            headers: error.sendsVersion ? ["sec-websocket-version": "13"] : [:])
    }
}
