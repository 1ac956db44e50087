// Firecrest — the counters as Prometheus text.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP

/// The exposition format, version 0.0.4. No name or label ever comes from a client.
enum MetricsPage {
    static func render(_ statistics: LoopStatistics) -> String {
        var page = ""
        func add(_ name: String, _ kind: String, _ help: String, _ value: Int) {
            page += "# HELP firecrest_\(name) \(help)\n# TYPE firecrest_\(name) \(kind)\nfirecrest_\(name) \(value)\n"
        }
        add("connections_accepted_total", "counter", "TCP connections accepted.", statistics.connectionsAccepted)
        add("connections_open", "gauge", "TCP connections open.", statistics.connectionsOpen)
        add("http_requests_total", "counter", "HTTP requests, upgrades included.", statistics.httpRequests)
        add("upgrades_accepted_total", "counter", "WebSocket upgrades accepted.", statistics.upgradesAccepted)
        add("upgrades_refused_total", "counter", "WebSocket upgrades refused.", statistics.upgradesRefused)
        add(
            "origins_refused_total", "counter", "WebSocket upgrades refused for their origin.",
            statistics.originsRefused)
        add("websockets_open", "gauge", "WebSockets open.", statistics.webSocketsOpen)
        add("messages_received_total", "counter", "WebSocket messages received.", statistics.messagesReceived)
        add("websocket_received_bytes_total", "counter", "Bytes received on WebSockets.", statistics.bytesReceived)
        add("frames_sent_total", "counter", "WebSocket frames sent.", statistics.framesSent)
        add("websocket_sent_bytes_total", "counter", "Bytes sent on WebSockets.", statistics.bytesSent)
        add("protocol_errors_total", "counter", "Connections closed for what they sent.", statistics.protocolErrors)
        add("idle_timeouts_total", "counter", "Connections closed for silence.", statistics.idleTimeouts)
        add("slow_consumers_total", "counter", "Connections closed for not reading.", statistics.slowConsumers)
        add("channels_joined_total", "counter", "Channels joined.", statistics.channelsJoined)
        add("channels_open", "gauge", "Channels joined now.", statistics.channelsOpen)
        add("channel_crashes_total", "counter", "Channels ended by an error.", statistics.channelCrashes)
        add("broadcast_deliveries_total", "counter", "Broadcasts handed to clients.", statistics.broadcastsDelivered)
        return page
    }
}
