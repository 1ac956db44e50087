// Firecrest — what a worker process is given by the supervising process.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest
internal import FirecrestHTTP
internal import Logging

/// One worker, in its own process: to make its endpoint with.
///
/// ```swift
/// try Workers(listen: [.hostname("0.0.0.0", port: 4000)]) { worker in
///     try Endpoint(worker.options()) { socket("/socket", UserSocket.self) }
/// }
/// ```
public struct Worker: Sendable {
    public let id: WorkerID
    /// How many workers there are.
    public let count: Int
    /// What the listeners of `Workers` are bound to, with the ports that the system chose.
    public let addresses: [String]

    let welcome: Welcome
    let link: WorkerLink
    let listen: [ListenAddress]
    let hub: HubAdapter

    /// What this worker's end of the hub has counted, for its page of figures, in the text format of Prometheus.
    package func linkFigures() -> String { hub.statistics.text }

    /// What the hub has counted, for all workers: the same on each. Empty while it has said nothing.
    package func hubFigures() -> String { hub.hubStatistics?.text ?? "" }

    /// Options for this worker's endpoint: it gets its connections from the supervising process and its broadcasts from the
    /// other workers too, under a node name of its own (`nodeName` of `base`, with the worker's slot and life).
    ///
    /// - Parameter base: what else the endpoint is to have. Its `listen` is not used, that of `Workers` is; `maxConnections`,
    ///   `maxConnectionsPerAddress` and rates are those of each worker, not of all together; without a `secretKeyBase`
    ///   all workers share a random one; one whose loop is blocked for `loopStallLimit` is replaced; without `loops` it
    ///   has one, since there are processes enough for all cores.
    public func options(_ base: EndpointOptions = EndpointOptions()) -> EndpointOptions {
        var options = base
        options.listen = zip(listen, addresses).enumerated().map { index, place in
            var address = ListenAddress.handedDown(link.connections(of: index, at: place.1), tls: place.0.tls)
            address.proxyProtocol = place.0.proxyProtocol
            return address
        }
        options.loops = base.loops ?? 1
        options.logger[metadataKey: "worker"] = "\(id.slot)"
        options.nodeName = id.nodeName(base.nodeName)
        options.secretKeyBase = base.secretKeyBase ?? welcome.secret
        options.adapter = hub
        let admission = Admission(
            maxConnections: base.maxConnections, maxConnectionsPerAddress: base.maxConnectionsPerAddress)
        options.admission = admission
        link.watch(admission)
        options.onLoopStuck = { [link] loop in
            link.reportStuck(
                loop: loop.index, milliseconds: Int(loop.duration / .milliseconds(1)),
                code: loop.code.map { "\($0)" } ?? "unknown")
        }
        return options
    }
}
