// Firecrest — request heads as Chromium writes them.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Writes the heads of requests.
///
/// Each list was recorded from Chromium 156 on Linux, which sent it from a page of the same origin, in this order: by
/// `fetch` with `If-None-Match`, by `XMLHttpRequest` as phoenix.js 1.8 uses it, by `fetch` with POST, by `EventSource`, by
/// `WebSocket`. Only "HeadlessChrome" became "Chrome", as in a browser with a window. There was no cookie: a page that has
/// some sends them with every request too.
struct BrowserHeaders {
    private let style: CompareSettings.Headers
    private let authority: String

    private static let agent =
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
    private static let platform = #"sec-ch-ua-platform: "Linux""#
    private static let brands = #"sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156""#
    private static let mobile = "sec-ch-ua-mobile: ?0"
    private static let fetchMetadata = [
        "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty",
    ]
    private static let accepts = ["Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: en-US,en;q=0.9"]

    init(_ style: CompareSettings.Headers, authority: String) {
        self.style = style
        self.authority = authority
    }

    private var isMinimal: Bool { style == .minimal }
    private var referer: String { "Referer: http://\(authority)/" }
    private var origin: String { "Origin: http://\(authority)" }

    /// - Parameter etag: quoted; asked for with `If-None-Match`.
    func shortPoll(_ target: String, etag: String?) -> ByteBuffer {
        let condition = etag.map { ["If-None-Match: \($0)"] } ?? []
        if isMinimal { return head("GET", target, condition) }
        return head(
            "GET", target,
            ["Connection: keep-alive"] + (etag == nil ? [] : ["Cache-Control: max-age=0"]) + condition
                + [Self.platform, Self.agent, Self.brands, Self.mobile, "Accept: */*"] + Self.fetchMetadata
                + [referer] + Self.accepts)
    }

    func longPoll(_ target: String) -> ByteBuffer {
        if isMinimal { return head("GET", target, []) }
        return head(
            "GET", target,
            ["Connection: keep-alive", Self.platform, Self.agent, "Accept: application/json", Self.brands, Self.mobile]
                + Self.fetchMetadata + [referer] + Self.accepts)
    }

    /// - Parameters:
    ///   - body: lines of frames.
    ///   - token: sent as a header; long polling of phoenix.js 1.8 has it in `target`.
    func post(_ target: String, token: String? = nil, body: ByteBuffer) -> (head: Int, request: ByteBuffer) {
        let token = token.map { ["x-phoenix-longpoll-token: \($0)"] } ?? []
        let type = "Content-Type: application/x-ndjson"
        let length = "Content-Length: \(body.readableBytes)"
        var request =
            isMinimal
            ? head("POST", target, [type, length] + token)
            : head(
                "POST", target,
                ["Connection: keep-alive", length, Self.platform, Self.agent, Self.brands, type, Self.mobile] + token
                    + ["Accept: */*", origin] + Self.fetchMetadata + [referer] + Self.accepts)
        let headBytes = request.readableBytes
        request.writeImmutableBuffer(body)
        return (headBytes, request)
    }

    func eventSource(_ target: String, lastEventID: String? = nil) -> ByteBuffer {
        let last = lastEventID.map { ["Last-Event-ID: \($0)"] } ?? []
        if isMinimal { return head("GET", target, ["Accept: text/event-stream"] + last) }
        return head(
            "GET", target,
            [
                "Connection: keep-alive", "Pragma: no-cache", "Cache-Control: no-cache", Self.platform, Self.agent,
                "Accept: text/event-stream", Self.brands, Self.mobile,
            ] + last + Self.fetchMetadata + [referer] + Self.accepts)
    }

    func webSocket(_ target: String, key: String) -> ByteBuffer {
        let version = "Sec-WebSocket-Version: \(WebSocketHandshake.version)"
        if isMinimal {
            return head(
                "GET", target,
                ["Connection: Upgrade", "Upgrade: websocket", version, "Sec-WebSocket-Key: \(key)"])
        }
        return head(
            "GET", target,
            [
                "Connection: Upgrade", "Pragma: no-cache", "Cache-Control: no-cache", Self.agent, "Upgrade: websocket",
                origin, version,
            ] + Self.accepts + [
                "Sec-WebSocket-Key: \(key)",
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            ])
    }

    private func head(_ method: String, _ target: String, _ fields: [String]) -> ByteBuffer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: \(authority)"] + fields
        return ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")
    }
}
