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
    /// Event loops, each one thread. nil, the default: one per core.
    public var loops: Int?
    /// Connections that the kernel holds until they are accepted. Defaults to 1,024; the kernel may cap it
    /// (`net.core.somaxconn`).
    public var backlog: Int32 = 1_024
    /// How long a shutdown may take: connections get a close frame with 1012 and this long to answer, then they are
    /// dropped. Defaults to 10 s.
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
    /// Connections that one client address may have open at once; an IPv6 client counts with its /64. One more is answered
    /// with 429 `too_many_connections_from_address` and closed. nil, the default: no limit, since behind a proxy or a large
    /// network all clients have one address.
    public var maxConnectionsPerAddress: Int?
    /// An event loop that does nothing for so long is named in the log (a handler blocks it: mark that `.offloaded`), and
    /// again when it goes on. Defaults to 500 ms, so that it is known within a second. nil: not looked at.
    public var loopStallThreshold: Duration? = .milliseconds(500)
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
    /// The secret that the tokens of long polls and event streams are signed with, at least 64 bytes. All nodes of a
    /// cluster need the same, so that a request may arrive at any of them. nil, the default: a random one for this
    /// process, whose sessions no other process knows and which end with it.
    ///
    /// Keep it out of the source: whoever knows it can take over sessions.
    public var secretKeyBase: String?

    /// Carries broadcasts to the other nodes. Defaults to one that has none.
    package var adapter: any PubSubAdapter = LocalAdapter()

    /// What stands before HTTP on a new connection, called on its loop: TLS, while there is no option for it.
    package var prelude: (@Sendable (any NIOCore.Channel) throws -> Void)?

    public init() {}
}
