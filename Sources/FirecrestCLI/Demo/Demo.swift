// Firecrest — the demo's endpoint: socket, echo, page, health, metrics.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Hummingbird
import Logging

enum Demo {
    static func endpoint(
        listen: ListenAddress, loops: Int?, logger: Logger, metrics: PrometheusRegistry = PrometheusRegistry(),
        socketOptions: SocketOptions = PlaygroundSocket.options
    ) throws -> Endpoint {
        var options = EndpointOptions()
        options.listen = [listen]
        options.loops = loops
        options.logger = logger
        options.metrics = metrics
        let reference = EndpointReference()
        var websocket = WebSocketOptions()
        websocket.authToken = true
        // The page is reached as 127.0.0.1, as localhost and by whatever --host was given.
        websocket.checkOrigin = .sameAsRequest
        var longpoll = LongPollOptions()
        longpoll.authToken = true
        longpoll.checkOrigin = .sameAsRequest
        var sse = EventStreamOptions()
        sse.authToken = true
        sse.checkOrigin = .sameAsRequest
        var shortpoll = ShortPollOptions()
        shortpoll.checkOrigin = .sameAsRequest
        let endpoint = try Endpoint(options) {
            socket(
                "/socket", PlaygroundSocket.self, websocket: websocket, longpoll: longpoll, sse: sse,
                shortpoll: shortpoll, options: socketOptions)
            mount(EchoMount())
            routes(DemoRoutes.router(reference, metrics))
        }
        reference.set(endpoint)
        CompareHost.shared.attach(endpoint)
        Stage.shared.endpoint.set(endpoint)
        return endpoint
    }
}
