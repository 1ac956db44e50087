// Firecrest — a mount's WebSocket options.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestWire
public import Logging
internal import NIOCore

/// How a socket is served over WebSocket. `true` means the defaults, `false` not at all.
public struct WebSocketOptions: Sendable, ExpressibleByBooleanLiteral {
    /// Whether this transport is served. Defaults to true.
    public var isEnabled: Bool
    /// The transport's part of the path, after the mount's own. Defaults to `/websocket`.
    public var path = "/websocket"
    /// Longest time without a byte from the client; sending does not count. Then the connection is closed with 1001.
    /// Defaults to 60 s, twice phoenix.js's heartbeat interval. nil: no limit.
    public var timeout: Duration? = .seconds(60)
    /// A client that sent nothing for so long gets a ping, which every WebSocket client answers by itself. The pong keeps
    /// proxies from cutting the line and measures the round trip; it does not count against `timeout`. Defaults to 25 s,
    /// under the 30 s after which the stricter proxies cut. nil: no pings.
    public var pingInterval: Duration? = .seconds(25)
    /// A client of which no byte is received for so long after a ping is gone without a word (its machine or network
    /// went); the connection is closed with 1001. Defaults to 20 s, so that such a client is found within 45 s. nil: never.
    public var pongTimeout: Duration? = .seconds(20)
    /// Largest message in bytes, after decompression, over all fragments. A larger one closes with 1009 (RFC 6455
    /// §7.4.1). Defaults to 1 MiB, so that one connection can pin no more; at most 1 GiB.
    public var maxMessageBytes = 1_048_576
    /// Largest single frame in bytes, as sent. Larger: 1009. Defaults to 1 MiB.
    public var maxFrameBytes = 1_048_576
    /// Most frames that one message may be cut into, empty ones included. More: 1009. Defaults to 1,024.
    public var maxFragments = 1_024
    /// Whether permessage-deflate (RFC 7692) is agreed to when a client offers it. Defaults to false: on loopback and in
    /// data centres it costs more than it saves.
    public var compress: CompressionOptions = false
    /// Most bytes that one compressed byte may become, beyond the first 128 KiB of a message. More: 1009. Defaults to 100.
    public var maxInflateRatio = 100
    /// Which pages may open connections here. nil, the default: as `EndpointOptions.checkOrigin` says.
    public var checkOrigin: OriginPolicy?
    /// Whether a session is handed to `connect` only along with the CSRF token that belongs to it (Phoenix's `check_csrf`).
    /// Defaults to true. To switch it off where `checkOrigin` is `.any` is an error when the endpoint is made, as in Phoenix:
    /// nothing would keep foreign pages from a user's session.
    public var checkCSRF = true
    /// Subprotocols in the server's order of preference; the first that the client offers too is answered. A client that
    /// offers others only is refused with 403; one that offers none is accepted. nil, the default: not looked at.
    public var subprotocols: [String]?
    /// Takes a bearer token from the subprotocol header, where phoenix.js ≥ 1.8 puts it; the subprotocol `phoenix` is then
    /// served before those of `subprotocols`. Defaults to false.
    public var authToken = false
    /// What `connect` is told besides the parameters. Defaults to nothing: no header is kept that nobody asked for.
    public var connectInfo: [ConnectInfoKey] = []
    /// Longest time that `connect` may take. Then its task is cancelled and the client gets 503, or 1013 where refusals
    /// are told on accepted connections. Defaults to 10 s, as long as phoenix.js waits for a join. nil: no limit.
    public var connectTimeout: Duration? = .seconds(10)
    /// How a refused client is told: over HTTP, or on a connection that is accepted for it. Defaults to `.http`.
    public var refusal = RefusalStyle.http
    /// Makes the answer to a client that `connect` refused with a reason (`ConnectError.refused(reason:)`), for example a
    /// 429. Called on an event loop: it must not block. It and `.acceptThenClose` exclude each other.
    /// nil, the default: 403 with an empty body.
    public var errorHandler: (@Sendable (ConnectRefusal) -> RefusalResponse)?
    /// Logs each request for this socket at that level: method, path and `vsn`, never the query. nil, the default: not.
    public var transportLog: Logger.Level?
    /// Bytes that may wait for a client that does not read, beyond what the kernel and a 64 KiB buffer take; each frame
    /// counts for 96 more, since small ones cost more than their bytes. Beyond, the connection is closed with 1013.
    /// Defaults to 1 MiB.
    public var maxOutboundBytes = 1_048_576

    public init() {
        isEnabled = true
    }

    /// The defaults, changed by `configure`: `socket("/socket", UserSocket.self, websocket: .init { $0.compress = true })`.
    public init(_ configure: (inout WebSocketOptions) -> Void) {
        self.init()
        configure(&self)
    }

    public init(booleanLiteral value: Bool) {
        isEnabled = value
    }

    var takesAuthToken: Bool { authToken || connectInfo.contains { $0.isAuthToken } }

    var parameters: WebSocketParameters {
        var outbound = OutboundLimits()
        outbound.maxBytes = maxOutboundBytes
        return WebSocketParameters(
            frameLimits: FrameLimits(
                maxFrameBytes: maxFrameBytes, maxMessageBytes: maxMessageBytes, maxFragments: maxFragments,
                maxInflateRatio: maxInflateRatio),
            deflate: compress.deflate, idleTimeout: timeout.map { TimeAmount($0) }, outbound: outbound,
            pingInterval: pingInterval.map { TimeAmount($0) }, pongTimeout: pongTimeout.map { TimeAmount($0) })
    }
}
