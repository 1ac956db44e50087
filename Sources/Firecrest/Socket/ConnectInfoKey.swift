// Firecrest — what a mount tells connect.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import NIOCore
internal import NIOHTTP1

/// A part of a request that a mount hands to `connect` (Phoenix's `connect_info`). What is not asked for is not read.
public struct ConnectInfoKey: Sendable {
    enum Kind: Sendable {
        case peerData
        case traceContextHeaders
        case xHeaders
        case secWebSocketHeaders
        case uri
        case userAgent
        case authToken
        case session(SessionOptions)
        case custom(name: String, value: any Sendable)
    }

    let kind: Kind

    /// `ConnectInfo.peerData`: address, port and certificate of the other end.
    public static let peerData = ConnectInfoKey(kind: .peerData)
    /// `ConnectInfo.traceContextHeaders`: `traceparent` and `tracestate`.
    public static let traceContextHeaders = ConnectInfoKey(kind: .traceContextHeaders)
    /// `ConnectInfo.xHeaders`: all headers that begin with `x-`. Clients can send any of them, so only what a proxy in
    /// front of this server sets, and takes from clients, can be believed.
    public static let xHeaders = ConnectInfoKey(kind: .xHeaders)
    /// `ConnectInfo.secWebSocketHeaders`: all headers that begin with `sec-websocket-`.
    public static let secWebSocketHeaders = ConnectInfoKey(kind: .secWebSocketHeaders)
    /// `ConnectInfo.uri`.
    public static let uri = ConnectInfoKey(kind: .uri)
    /// `ConnectInfo.userAgent`.
    public static let userAgent = ConnectInfoKey(kind: .userAgent)
    /// `ConnectInfo.authToken`: the same as `WebSocketOptions.authToken = true`.
    public static let authToken = ConnectInfoKey(kind: .authToken)

    /// `ConnectInfo.session`: the session of a cookie, as routes with `SessionMiddleware` and Elixir applications write it.
    ///
    /// A foreign page can make a browser open a socket here, cookies and all. So the session is there only for a client that
    /// also brings its CSRF token, as the parameter `_csrf_token` (phoenix.js: `params: {_csrf_token: token}`), unless the
    /// mount says `checkCSRF = false`. Without it the client is not refused: it has no session.
    ///
    /// - Parameter options: without a secret, the endpoint's `secretKeyBase` is taken; without that too, or with other wrong
    ///   options, there is an `OptionError` when the endpoint is made.
    public static func session(_ options: SessionOptions) -> ConnectInfoKey {
        ConnectInfoKey(kind: .session(options))
    }

    /// A value of the mount's own, which `connect` reads as `info[name]`. Two of one name, and the name of another key,
    /// are an `OptionError` when the endpoint is made.
    public static func custom(_ name: String, _ value: some Sendable) -> ConnectInfoKey {
        ConnectInfoKey(kind: .custom(name: name, value: value))
    }

    /// Names that mean something else, as Phoenix and as `ConnectInfo` spell them.
    static let reservedNames: Set<String> = [
        "peer_data", "trace_context_headers", "x_headers", "sec_websocket_headers", "uri", "user_agent", "auth_token",
        "session", "transport", "remote_address", "peerData", "traceContextHeaders", "xHeaders", "secWebSocketHeaders",
        "userAgent", "authToken", "remoteAddress",
    ]

    var session: SessionOptions? {
        if case .session(let options) = kind { options } else { nil }
    }

    var isAuthToken: Bool {
        if case .authToken = kind { true } else { false }
    }
}

extension ConnectInfo {
    /// What `keys` ask for.
    ///
    /// - Parameter subprotocols: the line that clients offer subprotocols in, once the token is taken out of it.
    init(
        _ request: MountRequest, transport: String, keys: [ConnectInfoKey], authToken: String?,
        subprotocols: SubprotocolChoice.Line = .untouched
    ) {
        self.init(
            transport: transport, remoteAddress: request.client.address?.ipAddress, authToken: authToken)
        let headers = request.head.headers
        for key in keys {
            switch key.kind {
            case .peerData:
                peerData = PeerData(request.client)
            case .traceContextHeaders:
                traceContextHeaders = headers.pairs { $0 == "traceparent" || $0 == "tracestate" }
            case .xHeaders: xHeaders = headers.pairs { $0.utf8.starts(with: "x-".utf8) }
            case .secWebSocketHeaders:
                secWebSocketHeaders = subprotocols.rewriting(
                    headers.pairs { $0.utf8.starts(with: "sec-websocket-".utf8) })
            case .uri: uri = RequestURI(request)
            case .userAgent: userAgent = headers.first(name: "user-agent")
            // By the gate, which has the keys.
            case .authToken, .session: break
            case .custom(let name, let value): self[name] = value
            }
        }
    }
}

extension HTTPHeaders {
    fileprivate func pairs(where isWanted: (String) -> Bool) -> [(name: String, value: String)] {
        compactMap { name, value in
            let name = name.lowercased()
            return isWanted(name) ? (name: name, value: value) : nil
        }
    }
}
