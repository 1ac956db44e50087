// Firecrest — several endpoints behind one port, joined by a hub, for tests that know of one.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestHTTP
internal import FirecrestWorkers
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import NIOPosix

/// What worker processes are to their clients, in one process: each connection comes to the next endpoint, and broadcasts
/// cross over by a real hub.
struct WorkerFleet {
    let endpoints: [Endpoint]
    private let hub: Hub
    private let adapters: [HubAdapter]
    /// Of the hub's socket.
    private let folder: TemporaryFolder

    /// From the environment, `FIRECREST_TEST_WORKERS`; 1 without it.
    static let count: Int = max(1, getenv("FIRECREST_TEST_WORKERS").flatMap { Int(String(cString: $0)) } ?? 1)

    /// - Returns: nil for addresses that only one endpoint can have.
    init?(_ count: Int, _ options: EndpointOptions, _ parts: [EndpointPart]) async throws {
        var hosts: [(host: String, port: Int)] = []
        for address in options.listen {
            guard case .hostname(let host, let port) = address.kind else { return nil }
            hosts.append((host, port))
        }
        folder = try TemporaryFolder()
        let address = HubAddress(path: folder.path("hub"), key: "of this test")
        let hub = Hub(address: address, logger: options.logger, group: MultiThreadedEventLoopGroup.singleton)
        try await hub.start()
        let listeners = try hosts.map { try SpreadingListener(host: $0.host, port: $0.port, count: count) }
        var (endpoints, adapters) = ([Endpoint](), [HubAdapter]())
        do {
            for slot in 0..<count {
                let worker = WorkerID(slot: slot, life: slot + 1)
                let adapter = HubAdapter(address: address, worker: worker, logger: options.logger)
                adapters.append(adapter)
                var own = options
                own.listen = zip(options.listen, listeners).map { place, listener in
                    var address = ListenAddress.handedDown(listener.source(slot), tls: place.tls)
                    address.proxyProtocol = place.proxyProtocol
                    return address
                }
                own.nodeName = worker.nodeName(options.nodeName)
                own.secretKeyBase =
                    options.secretKeyBase ?? String(repeating: "all workers know this secret. ", count: 3)
                own.adapter = adapter
                // There are processes enough for all cores.
                own.loops = 1
                endpoints.append(try Endpoint(own) { for part in parts { part } })
                try await adapter.start()
            }
        } catch {
            for listener in listeners { listener.abandon() }
            for adapter in adapters { await adapter.stop() }
            await hub.stop()
            throw error
        }
        (self.hub, self.adapters, self.endpoints) = (hub, adapters, endpoints)
    }

    /// When the endpoints have stopped.
    func stop() async {
        for adapter in adapters { await adapter.stop() }
        await hub.stop()
    }
}
