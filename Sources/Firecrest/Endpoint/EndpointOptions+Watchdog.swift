// Firecrest — what is to be done about loops that somebody's code blocks.
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import FirecrestHTTP
internal import NIOCore

extension EndpointOptions {
    /// - Parameter running: what runs on each loop, in their order.
    func watchdogOrders(_ running: [RunningCode], _ telemetry: Telemetry) -> LoopWatchdog.Orders {
        var orders = LoopWatchdog.Orders(
            threshold: loopStallThreshold.map { TimeAmount($0) }, limit: loopStallLimit.map { TimeAmount($0) })
        orders.name = { running[$0].name }
        orders.blocked = { _, name in
            guard let name else { return }
            // Names of the server's own code, both; the topic is a client's, and no label.
            telemetry.counter("firecrest.blocking_calls", ("code", name.type), ("event", name.event))?.increment()
        }
        if let onLoopStuck {
            orders.stuck = { index, duration, name in
                onLoopStuck(StuckLoop(index: index, duration: .nanoseconds(duration.nanoseconds), code: name))
            }
        }
        return orders
    }
}
