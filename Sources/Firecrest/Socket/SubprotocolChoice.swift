// Firecrest — the subprotocol header: what to answer, and the token that phoenix.js hides in it.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FoundationEssentials
internal import NIOHTTP1

/// Only the first `Sec-WebSocket-Protocol` line is read, as in Phoenix.
struct SubprotocolChoice {
    private static let tokenPrefix = "base64url.bearer.phx."

    private(set) var answer: String?
    private(set) var authToken: String?

    init(_ headers: HTTPHeaders, options: WebSocketOptions) throws(HTTPRefusal) {
        guard options.authToken || options.subprotocols != nil,
            let line = headers.first(name: "sec-websocket-protocol")
        else { return }
        var offered = line.split(separator: ",", maxSplits: 64).map { $0.trimmingSpaces() }
        if options.authToken {
            let tokens = offered.filter { $0.hasPrefix(Self.tokenPrefix) }
            if tokens.count == 1, let token = tokens.first {
                offered.removeAll { $0 == token }
                authToken = try Self.decode(token.dropFirst(Self.tokenPrefix.utf8.count))
                if offered.isEmpty { return }
            }
        }
        let served = (options.authToken ? ["phoenix"] : []) + (options.subprotocols ?? [])
        guard let choice = served.first(where: { name in offered.contains { $0 == name } }) else {
            throw HTTPRefusal(
                .forbidden, code: "no_common_subprotocol",
                sentence: "None of the offered subprotocols is served here.", hasBody: false)
        }
        answer = choice
    }

    /// Standard base64 without padding, whatever the prefix says; the URL-safe alphabet and padding are taken too.
    private static func decode(_ text: Substring) throws(HTTPRefusal) -> String {
        var standard = String(
            text.map { character in
                switch character {
                case "-": "+"
                case "_": "/"
                default: character
                }
            }.filter { $0 != "=" })
        standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard), let token = String(validating: data, as: UTF8.self) else {
            throw HTTPRefusal(
                .forbidden, code: "bad_auth_token", sentence: "The auth token is not base64.", hasBody: false)
        }
        return token
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = self.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
