// Firecrest — the client's opening request, and its judgement of the answer.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import NIOHTTP1

struct ClientHandshake {
    let key: String
    let request: ByteBuffer
    private let offersSubprotocol: Bool

    init(_ options: ConsoleOptions) {
        var generator = SystemRandomNumberGenerator()
        key = WebSocketHandshake.makeKey(using: &generator)
        offersSubprotocol = options.authToken != nil
        var lines = [
            "GET \(options.address.target) HTTP/1.1",
            "Host: \(options.address.authority)",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: \(key)",
            "Sec-WebSocket-Version: \(WebSocketHandshake.version)",
        ]
        if let token = options.authToken {
            // Standard base64 without padding, whatever the prefix says (phoenix-channels.md §1.4).
            let encoded = Base64.encode(Array(token.utf8)).prefix { $0 != "=" }
            lines.append("Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.\(encoded)")
        }
        if options.offersDeflate { lines.append("Sec-WebSocket-Extensions: \(DeflateNegotiation.offer)") }
        lines += options.headers.map { "\($0.name): \($0.value)" }
        request = ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// A request that is written already, with this key in it.
    init(key: String, request: ByteBuffer) {
        self.key = key
        self.request = request
        offersSubprotocol = false
    }

    /// A `Name: value` of the command line.
    static func header(_ text: String) throws(ConsoleError) -> ConsoleOptions.Header {
        guard let colon = text.firstIndex(of: ":") else {
            throw ConsoleError("\"\(Preview.escaped(text))\" is no header; write \"Name: value\"")
        }
        let name = String(text[..<colon])
        let value = String(text[text.index(after: colon)...].drop { $0 == " " })
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else {
            throw ConsoleError("\"\(Preview.escaped(text))\" has a character that no header may have")
        }
        let lower = name.lowercased()
        guard !["host", "upgrade", "connection", "content-length", "transfer-encoding"].contains(lower),
            !lower.hasPrefix("sec-websocket-")
        else {
            throw ConsoleError("the header \(name) is part of the handshake, which this program writes itself")
        }
        return .init(name: name, value: value)
    }

    /// - Returns: what was agreed about compression.
    /// - Throws: why the connection is not open.
    func confirm(_ head: HTTPHead) throws(ConsoleError) -> DeflateAgreement? {
        let headers = head.headers
        if let error = WebSocketHandshake.verify(
            status: head.status ?? 0, upgrade: headers["upgrade"], connection: headers["connection"],
            accept: headers["sec-websocket-accept"], forKey: key)
        {
            throw ConsoleError(Self.explain(error, head))
        }
        if let answer = headers.first(name: "sec-websocket-protocol"), !(offersSubprotocol && answer == "phoenix") {
            throw ConsoleError(
                "the server chose the subprotocol \(Preview.text(answer, limit: 60)), which was not offered")
        }
        do {
            return try DeflateNegotiation.confirm(headers["sec-websocket-extensions"])
        } catch {
            throw ConsoleError("\(error.reason) Try --no-deflate.")
        }
    }

    private static func explain(_ error: WebSocketHandshakeError, _ head: HTTPHead) -> String {
        guard error.kind == .status, let status = head.status else { return error.reason }
        let advice =
            switch status {
            case 400: "It takes this for no correct handshake."
            case 403: "The socket refused: look at --params, --auth-token, --vsn and --header \"Origin: …\"."
            case 404: "No socket is mounted there: look at the URL's path (\"/websocket\" is added to it)."
            case 300..<400: "It redirects; connect to where it points."
            case 429, 503: "It takes no more connections now; try later."
            default: "Nothing was joined."
            }
        return "the server answered \(Preview.text(head.line, limit: 80)) instead of 101. \(advice)"
    }
}
