// Firecrest — a mount's options for short polling.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestPubSub
public import Logging
internal import NIOCore

/// How a socket is served to clients that ask again and again. `true` means the defaults, `false` not at all.
///
/// `GET …/poll?topic=room:1&after=…` answers at once with the broadcasts since `after`. It is the dearest way to a channel
/// and is there for what can do nothing else: each request connects and joins anew, and most bring nothing but headers.
///
/// For this a topic's last broadcasts are remembered, from the first poll on until nobody has polled for a while, once for
/// all who poll. Events that a channel intercepts (`Channel.intercepts`) are made for one client each and are not among
/// them, nor is what a channel pushes. Connects and joins of polls are logged at debug at most.
public struct ShortPollOptions: Sendable, ExpressibleByBooleanLiteral {
    /// Whether this transport is served. `Socket.shortpoll` is `false`.
    public var isEnabled: Bool
    /// The transport's part of the path, after the mount's own. Defaults to `/poll`.
    public var path = "/poll"
    /// How long clients are told to wait before they ask again. Defaults to 1 s: half of it is what a message waits on the
    /// average. A client may ask earlier; nothing but its own requests comes of it.
    public var interval = Duration.seconds(1)
    /// Broadcasts of one topic that are remembered; the oldest makes room. Whoever asks too late is told that it missed some.
    /// Defaults to 100.
    public var maxMessages = 100
    /// The same in bytes, with 96 for each message besides its content. Defaults to 64 KiB.
    public var maxBytes = 65_536
    /// Topics that are remembered on one event loop. A poll for one more is refused with 503. Defaults to 512, which is
    /// 32 MiB for each loop at worst.
    public var maxTopics = 512
    /// A topic that nobody has asked about for so long is forgotten. Defaults to 60 s.
    public var memory = Duration.seconds(60)
    /// Which pages may poll here. nil, the default: as `EndpointOptions.checkOrigin` says.
    public var checkOrigin: OriginPolicy?
    /// As `WebSocketOptions.checkCSRF`.
    public var checkCSRF = true
    /// Takes a bearer token from the header `x-phoenix-authtoken`. Defaults to false.
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

    /// The defaults, changed by `configure`: `socket("/socket", UserSocket.self, shortpoll: .init { $0.maxMessages = 20 })`.
    public init(_ configure: (inout ShortPollOptions) -> Void) {
        self.init()
        configure(&self)
    }

    public init(booleanLiteral value: Bool) {
        isEnabled = value
    }

    /// As `ConnectInfo.transport` and `ChannelSocket.transport` say it.
    static let transport = "poll"
    /// A poll connects and joins every second: its lines are no louder than this, whatever `Socket.log` says.
    static let logLevel = Logger.Level.debug

    var takesAuthToken: Bool { authToken || connectInfo.contains { $0.isAuthToken } }

    var limits: RecentLimits { RecentLimits(maxMessages: maxMessages, maxBytes: maxBytes) }

    /// - Parameter mount: the mount's path, for the error.
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check(mount: String) throws(OptionError) {
        let check = OptionCheck(owner: "the short polls at \(mount)")
        if let problem = MountPath.problem(path) { try check.expect(false, "path", problem) }
        try check.time("interval", interval)
        try check.time("memory", memory)
        try check.time("connectTimeout", connectTimeout)
        try check.limit("maxMessages", maxMessages)
        try check.limit("maxBytes", maxBytes, "bytes")
        try check.limit("maxTopics", maxTopics)
        try check.connectInfo(connectInfo)
    }
}
