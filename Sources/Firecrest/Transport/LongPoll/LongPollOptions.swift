// Firecrest — a mount's long-poll options.
// SPDX-License-Identifier: Apache-2.0

public import Logging

/// How a socket is served over long polling (Phoenix's `longpoll`), for clients whose network lets no WebSocket through.
/// `true` means the defaults, `false` not at all.
public struct LongPollOptions: Sendable, ExpressibleByBooleanLiteral {
    /// Whether this transport is served. Defaults to true for options that are written out; a mount that says nothing has
    /// none, as Phoenix ≥ 1.8.2.
    public var isEnabled: Bool
    /// The transport's part of the path, after the mount's own. Defaults to `/longpoll`, where phoenix.js looks.
    public var path = "/longpoll"
    /// How long a poll waits for a message, and a post for its messages to be handled (Phoenix's `window_ms`). A client
    /// that does not poll lives for one and a half to three windows. Defaults to 10 s; it must stay under phoenix.js's
    /// request time-out of 20 s.
    public var window: Duration = .seconds(10)
    /// How long a request waits for a session on another node (Phoenix's `pubsub_timeout_ms`). Defaults to 2 s.
    public var pubsubTimeout: Duration = .seconds(2)
    /// How long a session's token is believed. Defaults to two weeks, as Phoenix; the session itself ends long before.
    /// nil: for ever.
    public var maxTokenAge: Duration? = .seconds(1_209_600)
    /// Largest body of a post, in bytes. Beyond: HTTP 413. Defaults to 8,000,000, as Phoenix.
    public var maxBodyBytes = 8_000_000
    /// Bytes of messages that may wait for the next poll, as they will be sent. Beyond, the session ends and its client
    /// begins a new one. Defaults to 1 MiB, as for a WebSocket that does not read.
    public var maxBufferedBytes = 1_048_576
    /// Messages that may wait for the next poll; beyond, as `maxBufferedBytes`. Defaults to 4,096.
    public var maxBufferedMessages = 4_096
    /// Long-poll sessions that one event loop may hold. They need no connection, so the limits on connections do not hold
    /// them back. Beyond, a new client is answered 503. Defaults to 50,000.
    public var maxSessions = 50_000
    /// Which pages may use this. nil, the default: as `EndpointOptions.checkOrigin` says.
    public var checkOrigin: OriginPolicy?
    /// As `WebSocketOptions.checkCSRF`.
    public var checkCSRF = true
    /// Takes a bearer token from the header `x-phoenix-authtoken`, where phoenix.js ≥ 1.8 puts it. Defaults to false.
    public var authToken = false
    /// What `connect` is told besides the parameters. Defaults to nothing.
    public var connectInfo: [ConnectInfoKey] = []
    /// Longest time that `connect` may take. Then its task is cancelled and the body's status is 500. Defaults to 10 s.
    /// nil: no limit.
    public var connectTimeout: Duration? = .seconds(10)
    /// Logs each request for this socket at that level: method, path and `vsn`, never the query. nil, the default: not.
    public var transportLog: Logger.Level?

    public init() {
        isEnabled = true
    }

    /// The defaults, changed by `configure`: `longpoll: .init { $0.window = .seconds(5) }`.
    public init(_ configure: (inout LongPollOptions) -> Void) {
        self.init()
        configure(&self)
    }

    public init(booleanLiteral value: Bool) {
        isEnabled = value
    }

    var takesAuthToken: Bool { authToken || connectInfo.contains { $0.isAuthToken } }

    /// - Parameter mount: the mount's path, for the error.
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check(mount: String) throws(OptionError) {
        let check = OptionCheck(owner: "the long poll at \(mount)")
        if let problem = MountPath.problem(path) { try check.expect(false, "path", problem) }
        try check.time("window", window)
        try check.time("pubsubTimeout", pubsubTimeout)
        try check.time("maxTokenAge", maxTokenAge)
        try check.time("connectTimeout", connectTimeout)
        try check.limit("maxBodyBytes", maxBodyBytes, "bytes")
        try check.limit("maxBufferedBytes", maxBufferedBytes, "bytes")
        try check.limit("maxBufferedMessages", maxBufferedMessages)
        try check.limit("maxSessions", maxSessions)
        try check.connectInfo(connectInfo)
    }
}
