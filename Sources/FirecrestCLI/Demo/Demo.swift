// Firecrest — the demo's endpoint: socket, echo, page, health, metrics.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestWorkers
import Hummingbird
import Logging

enum Demo {
    /// - Parameters:
    ///   - base: where it listens, its loops, its logger, and what else is not the demo's own.
    ///   - worker: which one this is, when there are several.
    static func endpoint(
        _ base: EndpointOptions, metrics: PrometheusRegistry = PrometheusRegistry(),
        socketOptions: SocketOptions = PlaygroundSocket.options, drainer: DrainOptions = true, worker: Worker? = nil
    ) throws -> Endpoint {
        var options = base
        options.metrics = metrics
        options.telemetry.append(DrainNotice(options: drainer))
        let reference = EndpointReference()
        let page = worker.map { WorkersPage(worker: $0, reference: reference, metrics: metrics) }
        var websocket = WebSocketOptions()
        websocket.authToken = true
        websocket.connectInfo = [.peerData, .uri]
        // The page is reached as 127.0.0.1, as localhost and by whatever --host was given.
        websocket.checkOrigin = .sameAsRequest
        var longpoll = LongPollOptions()
        longpoll.authToken = true
        longpoll.connectInfo = [.peerData, .uri]
        longpoll.checkOrigin = .sameAsRequest
        var sse = EventStreamOptions()
        sse.authToken = true
        sse.connectInfo = [.peerData, .uri]
        sse.checkOrigin = .sameAsRequest
        var shortpoll = ShortPollOptions()
        shortpoll.checkOrigin = .sameAsRequest
        let endpoint = try Endpoint(options) {
            socket(
                "/socket", PlaygroundSocket.self, websocket: websocket, longpoll: longpoll, sse: sse,
                shortpoll: shortpoll, drainer: drainer, options: socketOptions)
            mount(EchoMount())
            routes(DemoRoutes.router(reference, metrics, page))
        }
        reference.set(endpoint)
        page?.answer(for: endpoint)
        CompareHost.shared.attach(endpoint)
        Stage.shared.endpoint.set(endpoint)
        return endpoint
    }
}
