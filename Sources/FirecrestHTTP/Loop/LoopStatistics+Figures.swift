// Firecrest — the counters of a loop by name: what metrics show.
// SPDX-License-Identifier: Apache-2.0

extension LoopStatistics {
    /// One counter with its public name. No name ever comes from a client.
    package struct Figure: Sendable {
        package enum Kind: String, Sendable {
            case counter, gauge
        }

        package let value: any WritableKeyPath<LoopStatistics, Int> & Sendable
        package let name: String
        package let kind: Kind
        package let help: String

        init(
            _ name: String, _ kind: Kind, _ help: String, _ value: any WritableKeyPath<LoopStatistics, Int> & Sendable
        ) {
            self.name = name
            self.kind = kind
            self.help = help
            self.value = value
        }
    }

    package static let figures: [Figure] = [
        Figure("connections_accepted", .counter, "TCP connections accepted.", \.connectionsAccepted),
        Figure("connections_open", .gauge, "TCP connections open.", \.connectionsOpen),
        Figure("connections_refused", .counter, "TCP connections turned away as too many.", \.connectionsRefused),
        Figure("accept_failures", .counter, "Connections not accepted for want of descriptors.", \.acceptFailures),
        Figure("accept_pauses", .counter, "Times that accepting waited for its rate.", \.acceptPauses),
        Figure("connections_drained", .counter, "Connections of sockets closed by a drain.", \.connectionsDrained),
        Figure(
            "connections_draining", .gauge, "Connections of sockets that a drain has still to close.",
            \.connectionsDraining),
        Figure("loop_stalls", .counter, "Times that an event loop was blocked.", \.loopStalls),
        Figure(
            "loops_unanswered", .gauge, "Event loops that did not tell their figures in time; older ones count.",
            \.loopsUnanswered),
        Figure("tls_handshakes", .counter, "TLS handshakes done.", \.tlsHandshakes),
        Figure(
            "tls_handshakes_failed", .counter, "TLS handshakes that failed or took too long.", \.tlsHandshakesFailed),
        Figure(
            "proxy_headers_refused", .counter, "Connections closed for a PROXY protocol header that is none.",
            \.proxyHeadersRefused),
        Figure("http_requests", .counter, "HTTP requests, upgrades included.", \.httpRequests),
        Figure("http_requests_refused", .counter, "Requests that the server refused itself.", \.requestsRefused),
        Figure("upgrades_accepted", .counter, "WebSocket upgrades accepted.", \.upgradesAccepted),
        Figure("upgrades_refused", .counter, "WebSocket upgrades refused.", \.upgradesRefused),
        Figure("origins_refused", .counter, "WebSocket upgrades refused for their origin.", \.originsRefused),
        Figure("connect_timeouts", .counter, "Calls of connect or refresh that took too long.", \.connectTimeouts),
        Figure("websockets_open", .gauge, "WebSockets open.", \.webSocketsOpen),
        Figure("messages_received", .counter, "Messages received, on WebSockets and by POST.", \.messagesReceived),
        Figure("websocket_received_bytes", .counter, "Bytes received on WebSockets.", \.bytesReceived),
        Figure("frames_sent", .counter, "WebSocket frames sent.", \.framesSent),
        Figure("websocket_sent_bytes", .counter, "Bytes sent on WebSockets.", \.bytesSent),
        Figure("streams_open", .gauge, "Responses without end open: server-sent events.", \.streamsOpen),
        Figure("stream_events_sent", .counter, "Events sent on streams.", \.eventsSent),
        Figure("stream_sent_bytes", .counter, "Bytes sent on streams.", \.streamBytesSent),
        Figure("longpoll_sessions_open", .gauge, "Long-poll sessions.", \.longPollSessionsOpen),
        Figure("longpoll_sessions_expired", .counter, "Long-poll sessions ended unpolled.", \.longPollSessionsExpired),
        Figure("longpolls_answered", .counter, "Long polls answered.", \.longPollsAnswered),
        Figure(
            "longpoll_batches_repeated", .counter, "Batches sent again since their answer was lost.",
            \.longPollBatchesRepeated),
        Figure(
            "longpoll_lines_ignored", .counter, "Lines of a long poll's POST beyond the first hundred.",
            \.longPollLinesIgnored),
        Figure("shortpolls_answered", .counter, "Short polls answered, those with 304 too.", \.shortPollsAnswered),
        Figure("shortpolls_unchanged", .counter, "Short polls answered with 304.", \.shortPollsUnchanged),
        Figure(
            "shortpoll_topics_refused", .counter, "Short polls refused as of too many topics.",
            \.shortPollTopicsRefused),
        Figure("protocol_errors", .counter, "Connections closed for what they sent.", \.protocolErrors),
        Figure("idle_timeouts", .counter, "Connections closed for silence.", \.idleTimeouts),
        Figure("slow_consumers", .counter, "Connections closed for not reading.", \.slowConsumers),
        Figure("pings_sent", .counter, "Pings sent to quiet clients.", \.pingsSent),
        Figure("pong_timeouts", .counter, "Connections closed for not answering a ping.", \.pongTimeouts),
        Figure("sockets_disconnected", .counter, "Connections ended through their socket's id.", \.socketsDisconnected),
        Figure("messages_rate_limited", .counter, "Messages refused for a rate.", \.messagesRefusedForRate),
        Figure(
            "joins_refused_from_memory", .counter, "Joins answered with a refusal that was known.",
            \.joinsRefusedFromMemory),
        Figure("joins_unauthorized", .counter, "Joins that the client's grant does not allow.", \.joinsUnauthorized),
        Figure("events_unauthorized", .counter, "Events that the client's grant does not allow.", \.eventsUnauthorized),
        Figure("tokens_refreshed", .counter, "Fresh tokens that were taken.", \.tokensRefreshed),
        Figure("token_refreshes_refused", .counter, "Fresh tokens that were not taken.", \.refreshesRefused),
        Figure("channels_revoked", .counter, "Channels ended with their client's grant.", \.channelsRevoked),
        Figure("sockets_expired", .counter, "Connections closed with their client's grant.", \.socketsExpired),
        Figure("joins_over_limit", .counter, "Joins refused as too many of a connection.", \.joinsRefusedAsTooMany),
        Figure("joins_waiting", .gauge, "Joins that wait for their rate.", \.joinsWaiting),
        Figure("joins_waited", .counter, "Joins that have waited for their rate.", \.joinsWaited),
        Figure("joins_refused_busy", .counter, "Joins refused as too many waited.", \.joinsRefusedAsBusy),
        Figure("join_timeouts", .counter, "Joins that took too long.", \.joinTimeouts),
        Figure("channels_joined", .counter, "Channels joined.", \.channelsJoined),
        Figure("channels_open", .gauge, "Channels joined now.", \.channelsOpen),
        Figure("channel_crashes", .counter, "Channels ended by an error.", \.channelCrashes),
        Figure("broadcast_deliveries", .counter, "Broadcasts handed to clients.", \.broadcastsDelivered),
        Figure(
            "broadcasts_not_encodable", .counter, "Broadcasts that a client's serializer has no form for.",
            \.broadcastsNotEncodable),
        Figure(
            "broadcasts_dropped_oldest", .counter, "Broadcasts that made room, as their client did not read.",
            \.broadcastsDroppedOldest),
        Figure(
            "broadcasts_dropped_newest", .counter, "Broadcasts not queued, as their client did not read.",
            \.broadcastsDroppedNewest),
        Figure(
            "broadcasts_conflated", .counter, "Broadcasts that a later one of the same key replaced.",
            \.broadcastsConflated),
        Figure("node_calls_unanswered", .counter, "Calls to other nodes without an answer.", \.nodeCallsUnanswered),
        Figure(
            "node_messages_dropped", .counter, "Messages of other nodes that could not be read or were too many.",
            \.nodeMessagesDropped),
        Figure("log_lines_suppressed", .counter, "Log lines left out as too many of a kind.", \.logLinesSuppressed),
    ]
}
