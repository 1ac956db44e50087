// Firecrest — the subprotocol header: what to answer, and the token that phoenix.js hides in it.
// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import NIOHTTP1

/// Only the first `Sec-WebSocket-Protocol` line is read, as in Phoenix.
struct SubprotocolChoice {
    enum Problem {
        /// The client offers subprotocols, and none that is served.
        case noneInCommon
        /// The one bearer token is no base64.
        case badToken
    }

    /// What became of the line when a token was taken out of it.
    enum Line {
        case untouched
        case removed
        case rewritten(String)

        /// Headers with the first `sec-websocket-protocol` as the line says.
        func rewriting(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
            var headers = headers
            guard let index = headers.firstIndex(where: { $0.name == "sec-websocket-protocol" }) else { return headers }
            switch self {
            case .untouched: break
            case .removed: headers.remove(at: index)
            case .rewritten(let value): headers[index].value = value
            }
            return headers
        }
    }

    private static let tokenPrefix = "base64url.bearer.phx."

    private(set) var answer: String?
    private(set) var authToken: String?
    private(set) var line = Line.untouched
    private(set) var problem: Problem?

    init(_ headers: HTTPHeaders, options: WebSocketOptions) {
        let takesToken = options.takesAuthToken
        guard takesToken || options.subprotocols != nil, let line = headers.first(name: "sec-websocket-protocol")
        else { return }
        var offered = line.split(separator: ",", maxSplits: 64).map { $0.trimmingSpaces() }
        if takesToken {
            let tokens = offered.filter { $0.hasPrefix(Self.tokenPrefix) }
            if tokens.count == 1, let token = tokens.first {
                offered.removeAll { $0 == token }
                authToken = Self.decode(token.dropFirst(Self.tokenPrefix.utf8.count))
                if authToken == nil { problem = .badToken }
                self.line = offered.isEmpty ? .removed : .rewritten(offered.joined(separator: ", "))
                // Nothing is left to choose from: accepted with no answer, as in Phoenix.
                if offered.isEmpty { return }
            }
        }
        let served = (takesToken ? ["phoenix"] : []) + (options.subprotocols ?? [])
        answer = served.first { name in offered.contains { $0 == name } }
        if answer == nil { problem = problem ?? .noneInCommon }
    }

    /// Standard base64 without padding, whatever the prefix says; the URL-safe alphabet and padding are taken too.
    private static func decode(_ text: Substring) -> String? {
        var standard = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        let padding = UInt8(ascii: "=")
        if standard.count % 4 == 0 { standard.removeLast(standard.suffix(2).count { $0 == padding }) }
        guard !standard.contains(padding) else { return nil }
        standard += Array(repeating: padding, count: (4 - standard.count % 4) % 4)
        guard let data = Data(base64Encoded: Data(standard)) else { return nil }
        return String(validating: data, as: UTF8.self)
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var text = self.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
