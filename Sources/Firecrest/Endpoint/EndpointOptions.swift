// Firecrest — an endpoint's options.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestHTTP
public import FirecrestProtocol
package import FirecrestPubSub
public import Logging
public import Metrics
package import NIOCore
public import Tracing

/// Options of the endpoint as a whole. Those of a socket stand at its mount.
public struct EndpointOptions: Sendable {
    /// Where to listen. Defaults to 127.0.0.1 port 4000: reachable from this machine only, until you say otherwise.
    public var listen: [ListenAddress] = [.hostname("127.0.0.1", port: 4000)]
    /// The proxies in front of this server, which are believed about the clients behind them. Defaults to none: a client's
    /// address is the connection's, whatever its headers say.
    public var trustedProxies: TrustedProxies = []
    /// Event loops, each one thread. nil, the default: one per core.
    public var loops: Int?
    /// Connections that the kernel holds until they are accepted; a herd beyond them tries again after a second. Defaults to
    /// 4,096, where Linux caps it (`net.core.somaxconn`).
    public var backlog: Int32 = 4_096
    /// How long connections that were told to close may take to go, after the drain (`DrainOptions.shutdown`); then they are
    /// dropped. A shutdown takes at most the two together. Defaults to 10 s.
    public var shutdownTimeout: Duration = .seconds(10)
    /// The host name under which clients reach this endpoint, without scheme and port. Origins are compared with it
    /// (`OriginPolicy.endpointHost`). Defaults to `localhost`, as Phoenix: set it when you deploy. nil: unknown, every
    /// origin passes that comparison.
    public var host: String? = "localhost"
    /// Which pages may open connections, where a mount says nothing else. Defaults to `.endpointHost`.
    public var checkOrigin = OriginPolicy.endpointHost
    /// Connections that may be open at once, of every kind. One more is answered with 503 `too_many_connections` and
    /// closed. nil, the default: as many as the process may have descriptors (`ulimit -n`), less a sixteenth, at least 32
    /// and at most 256, for everything else.
    public var maxConnections: Int?
    /// Connections accepted a second, for each event loop; the endpoint's rate is this times `loops`. Those beyond it wait in
    /// the kernel (`backlog`), so that clients who come back all at once do not take all of the processor from those who are
    /// there. Defaults to 5,000 with a burst of 500: a connect and a join cost some 0.1 ms, so newcomers get half of a core,
    /// and 50 ms of it at once. nil: no limit. In worker processes the supervising process keeps the rate.
    public var acceptRate: RateLimit? = RateLimit(perSecond: 5_000, burst: 500)
    /// Joins begun a second, as `acceptRate`. Those beyond it wait, up to `maxWaitingJoins`, while heartbeats and the
    /// messages of joined channels are handled as ever. nil: no limit. What one connection may ask for is
    /// `SocketOptions.joinRate`.
    public var joinRate: RateLimit? = RateLimit(perSecond: 5_000, burst: 500)
    /// Joins that wait for `joinRate`, on each event loop. One more gets the error reply
    /// `{"reason": "busy", "retry_after_ms": n}`, upon which phoenix.js asks again by itself. Defaults to 10,000, two
    /// seconds' worth; phoenix.js waits for a join for ten.
    public var maxWaitingJoins = 10_000
    /// Bytes of the payloads of joins that wait, on each event loop. Beyond: as above. Defaults to 8 MiB.
    public var maxWaitingJoinBytes = 8_388_608
    /// Connections that one client address may have open at once; an IPv6 client counts with its /64. One more is answered
    /// with 429 `too_many_connections_from_address` and closed. Behind a proxy of `trustedProxies` the clients
    /// are counted, each for as long as a connection of the proxy carries its request or its socket. nil, the default: no
    /// limit, since in a large network all clients have one address.
    public var maxConnectionsPerAddress: Int?
    /// An event loop that does nothing for so long is named in the log (a handler blocks it: mark that `.offloaded`), and
    /// again when it goes on. Defaults to 500 ms, so that it is known within a second. nil: not looked at.
    public var loopStallThreshold: Duration? = .milliseconds(500)
    /// An event loop that does nothing for so long is given up: it will hardly come back, and its connections are dead. A
    /// worker process (`Workers`) is replaced then; without workers nothing can be done about it, and nothing is. nil, the
    /// default: never, since only you know how long your code may take.
    public var loopStallLimit: Duration?
    public var http = HTTPLimits()
    public var message = MessageLimits()
    public var logger = Logger(label: "firecrest")
    /// What of clients' parameters and payloads the log may show. Defaults to everything but passwords and tokens.
    public var filterParameters = ParameterFilter.standard
    /// How long the broadcasts of a hot topic are gathered, so that each subscriber gets them in one write. A topic is hot
    /// while it has more than 16 subscribers on an event loop and at least 4 broadcasts in each such time; every other
    /// broadcast goes out in the turn of the loop that it came in. Order is kept in any case. Defaults to 2 ms: what a hot
    /// topic is late by at most, and too short to be seen. nil: no delay; broadcasts that come in one turn still share
    /// a write.
    public var hotTopicDelay: Duration? = .milliseconds(2)
    /// Who gets the events of `TelemetryEvent`, in this order. Defaults to nobody.
    public var telemetry: [any TelemetryHandler] = []
    /// Where metrics go. nil, the default: to what the application gave to `MetricsSystem.bootstrap` before it made the
    /// endpoint; without that nothing is measured.
    public var metrics: (any MetricsFactory)?
    /// How often the counters are handed to `metrics`. Defaults to 5 s; `Endpoint.publishMetrics` does it at once.
    public var metricsInterval: Duration = .seconds(5)
    /// What makes spans. nil, the default: what the application gave to `InstrumentationSystem.bootstrap` before it made
    /// the endpoint, if anything.
    public var tracer: (any Tracer)?
    /// This node's name in broadcasts. Defaults to `local`; a cluster needs distinct ones.
    public var nodeName = "local"
    /// The secret that the tokens of long polls and event streams are signed with, and sessions that a mount asks for
    /// (`.session`) without a secret of their own; at least 64 bytes. All nodes of a cluster need the same, so that a request
    /// may arrive at any of them; with that of an Elixir application (`secret_key_base`) its sessions are read here. nil, the
    /// default: a random one for this process, whose sessions no other process knows and which end with it.
    ///
    /// Keep it out of the source: whoever knows it can be anybody.
    public var secretKeyBase: String?

    /// Carries broadcasts to the other nodes. Defaults to one that has none.
    package var adapter: any PubSubAdapter = LocalAdapter()

    /// Counts the connections, for whoever must know how many there are. nil: the endpoint makes its own of
    /// `maxConnections` and `maxConnectionsPerAddress`.
    package var admission: Admission?

    /// Called on the watching thread when a loop has been blocked for `loopStallLimit`, once for each time that it is. The
    /// loop is still blocked then.
    package var onLoopStuck: (@Sendable (StuckLoop) -> Void)?

    /// What else stands before HTTP on a new connection, called on its loop: for tests that look at its bytes.
    package var prelude: (@Sendable (any NIOCore.Channel) throws -> Void)?

    public init() {}
}
