// Firecrest — a mount's options for server-sent events.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
public import Logging
internal import NIOCore

/// How a socket is served over server-sent events (HTML Living Standard, §9.2). `true` means the defaults, `false` not at
/// all.
///
/// One path takes two kinds of client. `GET …/sse?topic=room:1` is for any `EventSource` and for `curl -N`: it connects,
/// joins that one topic with the JSON object in `payload` (or `{}`), and shows each broadcast and push as an event. Without
/// `topic` the stream carries frames of the protocol one way, and POSTs carry them the other: what firecrest.js does.
public struct EventStreamOptions: Sendable, ExpressibleByBooleanLiteral {
    /// Whether this transport is served. `Socket.sse` is `false`.
    public var isEnabled: Bool
    /// The transport's part of the path, after the mount's own. Defaults to `/sse`.
    public var path = "/sse"
    /// After so long without an event a comment of three bytes is sent, which keeps proxies from cutting the line and finds
    /// clients that are gone. Defaults to 15 s, as the HTML standard advises. nil: never.
    public var heartbeat: Duration? = .seconds(15)
    /// How long a browser waits before it connects again, which it does after every end of a stream. Defaults to 2 s.
    public var retry = Duration.seconds(2)
    /// Bytes that may wait for a client that does not read, beyond what the kernel and a 64 KiB buffer take; each event
    /// counts for 96 more, since small ones cost more than their bytes. Beyond, the stream ends, and the client connects
    /// again. Defaults to 1 MiB.
    public var maxOutboundBytes = 1_048_576
    /// Largest body of a POST, in bytes; a larger one is answered with HTTP 413. Defaults to 8 MB, as long poll's.
    public var maxBodyBytes = 8_000_000
    /// Longest that a POST waits for a channel that is busy, for each message in it. Beyond, it is answered with the status
    /// 408. Defaults to 10 s, as long poll's.
    public var window = Duration.seconds(10)
    /// Which pages may open streams here. nil, the default: as `EndpointOptions.checkOrigin` says.
    public var checkOrigin: OriginPolicy?
    /// As `WebSocketOptions.checkCSRF`.
    public var checkCSRF = true
    /// Takes a bearer token from the header `x-phoenix-authtoken`. An `EventSource` cannot send it. Defaults to false.
    public var authToken = false
    /// What `connect` is told besides the parameters. Defaults to nothing: no header is kept that nobody asked for.
    public var connectInfo: [ConnectInfoKey] = []
    /// Longest time that `connect` may take. Then its task is cancelled and the client gets 503. Defaults to 10 s. nil: no
    /// limit.
    public var connectTimeout: Duration? = .seconds(10)
    /// Logs each request at that level: method, path and `vsn`, never the query. nil, the default: not.
    public var transportLog: Logger.Level?

    public init() {
        isEnabled = true
    }

    /// The defaults, changed by `configure`: `socket("/socket", UserSocket.self, sse: .init { $0.heartbeat = .seconds(5) })`.
    public init(_ configure: (inout EventStreamOptions) -> Void) {
        self.init()
        configure(&self)
    }

    public init(booleanLiteral value: Bool) {
        isEnabled = value
    }

    /// As `ConnectInfo.transport` and `ChannelSocket.transport` say it.
    static let transport = "sse"

    var takesAuthToken: Bool { authToken || connectInfo.contains { $0.isAuthToken } }

    var parameters: StreamParameters {
        var outbound = OutboundLimits()
        outbound.maxBytes = maxOutboundBytes
        return StreamParameters(
            outbound: outbound, heartbeatInterval: heartbeat.map { TimeAmount($0) },
            heartbeat: EventStreamText.heartbeat)
    }

    /// - Parameter mount: the mount's path, for the error.
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check(mount: String) throws(OptionError) {
        let check = OptionCheck(owner: "the event streams at \(mount)")
        if let problem = MountPath.problem(path) { try check.expect(false, "path", problem) }
        try check.time("heartbeat", heartbeat)
        try check.time("retry", retry)
        try check.time("window", window)
        try check.time("connectTimeout", connectTimeout)
        try check.limit("maxOutboundBytes", maxOutboundBytes, "bytes")
        try check.limit("maxBodyBytes", maxBodyBytes, "bytes")
        try check.connectInfo(connectInfo)
    }
}
