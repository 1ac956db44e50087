// Firecrest — docs/limits.md against the code: every limit is in the table, with the default that is in force, and tested.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import FirecrestProtocol
import FirecrestPubSub
import FirecrestTestSupport
import FirecrestWire
import FirecrestWorkers
import Hummingbird
import NIOCore
import Testing

@testable import Firecrest
@testable import FirecrestJWT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct LimitTableTests {
    /// What has a number or a time in the options; what is none of a limit is left out by name.
    private static var options: [(name: String, value: Any)] {
        [
            ("EndpointOptions", EndpointOptions()), ("HTTPLimits", HTTPLimits()),
            ("EventStreamOptions", EventStreamOptions()), ("ShortPollOptions", ShortPollOptions()),
            ("WebSocketOptions", WebSocketOptions()), ("MessageLimits", MessageLimits()),
            ("TLSOptions", TLSOptions(.pem(certificates: "", key: ""))), ("SocketOptions", SocketOptions()),
            ("MailboxLimits", MailboxLimits()),
            ("RefusedJoinLimits", RefusedJoinLimits()), ("LongPollOptions", LongPollOptions()),
            ("HubLimits", HubLimits()), ("WorkersLimits", WorkersLimits()),
            ("Workers", Workers(listen: []) { _ in throw CancellationError() }),
            ("DrainOptions", DrainOptions()),
            ("JWTVerifierOptions", JWTVerifierOptions(keys: [], issuer: .ignored, audience: .ignored)),
        ]
    }
    /// The backlog is a wish to the kernel.
    private static let noLimits: Set<String> = [
        "EndpointOptions.loops", "EndpointOptions.backlog", "EndpointOptions.metricsInterval",
        "Workers.count", "Workers.backlog",
        // What clients are told, and do or do not.
        "EventStreamOptions.retry", "ShortPollOptions.interval",
    ]
    /// Limits without an option.
    private static let fixed: [String: String] = [
        "Ref.maxBytes": show(Ref.maxBytes), "JSONLimits.maxNumberBytes": show(JSONLimits().maxNumberBytes),
        "QueryDecoder.maxBytes": show(QueryDecoder.maxBytes), "QueryDecoder.maxPairs": show(QueryDecoder.maxPairs),
        "QueryDecoder.maxDepth": show(QueryDecoder.maxDepth),
        "WebSocketParameters.closeTimeout": show(WebSocketParameters(frameLimits: FrameLimits()).closeTimeout),
        "WebSocketParameters.stallTimeout": show(WebSocketParameters(frameLimits: FrameLimits()).stallTimeout),
        "FrameEncoder.maxControlBytes": show(FrameEncoder.maxControlBytes),
        "Inflater.ratioFloorBytes": show(Inflater.ratioFloorBytes),
        "LoopFigures.patience": show(LoopFigures.patience) ?? "",
        "LogSampler.maxLinesPerSecond": show(LogSampler.maxLinesPerSecond),
        "PublishBody.maxLines": show(PublishBody.maxLines), "PublishBody.maxLineBytes": show(PublishBody.maxLineBytes),
        "PublishQueue.maxWaiting": show(PublishQueue.maxWaiting),
        "PublishQueue.maxWaitingBytes": show(PublishQueue.maxWaitingBytes),
        "LastEventID.maxBytes": show(LastEventID.maxBytes),
        "NodeCalls.maxOpenCalls": show(NodeCalls.maxOpenCalls), "SessionTokens.maxBytes": show(SessionTokens.maxBytes),
        "Batch.maxBytes": show(Batch.maxBytes), "ReadBuffer.size": show(ReadBuffer.size),
        "WriteBuffers.kept": show(WriteBuffers.kept), "Listener.maxUnsentBytes": show(Listener.maxUnsentBytes),
        "Token.maxBytes": show(Token.maxBytes), "Token.maxDepth": show(Token.maxDepth),
        "DerivedKeys.maxKeys": show(DerivedKeys.maxKeys),
        "SessionOptions.maxCookieBytes": show(SessionOptions.maxCookieBytes),
        "SessionOptions.maxDepth": show(SessionOptions.maxDepth),
        "SessionMiddleware.maxFormBytes": show(SessionMiddleware<BasicRequestContext>.defaultMaxFormBytes),
        "Credentials.maxTokenBytes": show(Credentials.maxTokenBytes),
        "SocketGrant.maxTopics": show(SocketGrant.maxTopics),
        "ProxyHeaderHandler.maxHeaderBytes": show(ProxyHeaderHandler.maxHeaderBytes),
        "ForwardedHop.maxHops": show(ForwardedHop.maxHops),
        "SessionRelay.maxAnsweredPolls": show(SessionRelay.maxAnsweredPolls),
        "NodeInquiries.maxOpen": show(NodeInquiries.maxOpen),
        "HubFrame.maxGreetingBytes": show(HubFrame.maxGreetingBytes),
        "JWTKeySource.maxFileBytes": show(JWTKeySource.maxFileBytes),
        "CompactToken.maxJSONDepth": show(CompactToken.maxJSONDepth),
        "TopicClaims.maxNameBytes": show(TopicClaims.maxNameBytes),
        "TopicClaims.maxEvents": show(TopicClaims.maxEvents),
    ]
    /// Limits whose test is not called `limit_<name>`.
    private static let tests: [String: String] = [
        "LongPollOptions.connectTimeout": "limit_longPollConnectTimeout",
        "LongPollOptions.maxBodyBytes": "limit_longPollMaxBodyBytes",
        "LongPollOptions.maxBufferedBytes": "bad_36_a_session_that_nobody_polls_ends_at_the_limit_of_bytes",
        "LongPollOptions.maxBufferedMessages": "bad_36_a_session_that_nobody_polls_ends_at_the_limit_of_messages",
        "LongPollOptions.pubsubTimeout": "phx_187_unreachable", "PublishQueue.maxWaiting": "limit_postsWaiting",
        "PublishQueue.maxWaitingBytes": "limit_bytesOfPostsWaiting",
        "PublishBody.maxLines": "bad_35_the_hundred_and_first_line_is_dropped_and_counted",
        "PublishBody.maxLineBytes": "bad_35_a_line_of_base64_over_the_limit_is_400",
        "LastEventID.maxBytes": "bad_37_an_id_that_we_never_gave_is_a_loss_and_no_more",
        "EventStreamOptions.connectTimeout": "limit_streamConnectTimeout",
        "EventStreamOptions.heartbeat": "limit_streamHeartbeat",
        "EventStreamOptions.maxOutboundBytes": "limit_streamOutboundBytes",
        "EventStreamOptions.maxBodyBytes": "limit_streamPostBytes", "EventStreamOptions.window": "limit_streamWindow",
        "ShortPollOptions.connectTimeout": "limit_pollConnectTimeout",
        "ShortPollOptions.maxMessages": "limit_polledMessages", "ShortPollOptions.maxBytes": "limit_polledBytes",
        "ShortPollOptions.maxTopics": "limit_polledTopics", "ShortPollOptions.memory": "limit_pollMemory",
        "EndpointOptions.maxConnections": "one_connection_too_many_is_answered_with_503",
        "EndpointOptions.maxConnectionsPerAddress": "one_connection_too_many_of_an_address_is_answered_with_429",
        "TLSOptions.handshakeTimeout": "bad_2_handshakes_that_never_end_are_closed_at_their_timeout",
        "ProxyHeaderHandler.maxHeaderBytes": "a_header_beyond_its_limit_is_refused",
        "ForwardedHop.maxHops": "more_hops_than_any_chain_has_are_not_looked_at",
        "EndpointOptions.shutdownTimeout": "clients_that_do_not_answer_are_dropped_at_the_limit",
        "DrainOptions.batchSize": "phx_259_batches", "DrainOptions.batchInterval": "phx_259_batches",
        "DrainOptions.shutdown": "phx_264_limit",
        "EndpointOptions.joinRate": "limit_endpointJoinRate",
        "EndpointOptions.loopStallThreshold":
            "bad_43_a_blocked_loop_is_named_in_the_log_within_a_second_and_the_others_go_on",
        "EndpointOptions.loopStallLimit": "bad_43_whatever_blocks_a_loop_is_named_by_topic_and_event",
        "WebSocketOptions.connectTimeout": "a_connect_that_takes_too_long_is_cancelled_and_answered_with_503",
        "SocketOptions.messageRate": "messages", "SocketOptions.joinRate": "joins",
        "SocketOptions.joinTimeout": "joinTimeout", "SocketGrant.maxTopics": "limit_grantTopics",
        "Credentials.maxTokenBytes": "limit_freshTokenBytes", "Token.maxBytes": "limit_tokenBytes",
        "Token.maxDepth": "limit_tokenDepth", "DerivedKeys.maxKeys": "limit_derivedKeys",
        "SessionOptions.maxCookieBytes": "limit_cookieBytes", "SessionOptions.maxDepth": "limit_sessionDepth",
        "SessionMiddleware.maxFormBytes": "limit_formBytes", "RefusedJoinLimits.after": "refusedForEver",
        "RefusedJoinLimits.hold": "refusalExpires", "RefusedJoinLimits.maxTopics": "limit_refusedJoinTopics",
        "RefusedJoinLimits.maxResponseBytes": "limit_refusedJoinResponseBytes",
        "MailboxLimits.maxMessages": "messageLimit", "MailboxLimits.maxBytes": "byteLimit",
        "MailboxLimits.maxServerMessages": "serverMessages", "Ref.maxBytes": "limit_refBytes",
        "QueryDecoder.maxBytes": "refuses_a_query_beyond_a_million_bytes",
        "QueryDecoder.maxPairs": "limit_queryParameters", "QueryDecoder.maxDepth": "limit_queryParameters",
        "LoopFigures.patience": "bad_43_figures_come_while_a_loop_is_blocked",
        "LogSampler.maxLinesPerSecond": "bad_26_names_of_clients_never_reach_the_metrics_and_the_log_is_sampled",
        "ReadBuffer.size": "a_read_buffer_that_came_back_is_read_into_again",
        "WriteBuffers.kept": "no_more_write_buffers_are_kept_than_may_be",
        "Batch.maxBytes": "limit_maxBatchBytes", "EndpointOptions.hotTopicDelay": "limit_hotTopicDelay",
        "SessionTokens.maxBytes": "a_text_beyond_the_limit_is_not_looked_at",
        "HubLimits.maxFrameBytes": "limit_hubFrameBytes", "HubLimits.maxQueuedBytes": "limit_hubQueuedBytes",
        "HubLimits.maxLinks": "limit_hubLinks", "HubLimits.helloTimeout": "limit_hubHelloTimeout",
        "Workers.acceptRate": "limit_workersAcceptRate",
        "WorkersLimits.restarts": "too_many_restarts_end_everything_with_an_error",
        "WorkersLimits.shortLife": "short_lives_in_a_row_delay_the_next_start_by_twice_as_much_each_time",
        "WorkersLimits.maxDelay": "the_delay_has_an_end",
        "WorkersLimits.replacementTries": "limit_workersReplacementTries",
        "WorkersLimits.startTimeout": "one_that_does_not_become_ready_in_time_is_killed_and_started_again",
        "WorkersLimits.stopTimeout": "an_old_worker_that_does_not_end_is_killed",
        "NodeInquiries.maxOpen": "limit_nodeInquiries",
        "HubFrame.maxGreetingBytes": "limit_hubGreetingBytes",
        "JWTKeySource.maxFileBytes": "files_are_read_again_and_a_bad_one_changes_nothing",
        "FrameEncoder.maxControlBytes": "bad_12_", "Inflater.ratioFloorBytes": "limit_maxInflateRatio",
    ]

    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }

    @Test func every_limit_is_in_the_table_with_its_default_and_nothing_else_is() throws {
        let rows = try Self.rows()
        let limits = Self.limits
        #expect(limits.count > 40)
        for (name, value) in limits.sorted(by: { $0.key < $1.key }) {
            let row = rows[name]
            #expect(row != nil, "docs/limits.md has no row for \(name), whose default is \(value)")
            #expect(
                row.map { $0.value == value } != false, "docs/limits.md: \(name) is \(value), not \(row?.value ?? "")")
        }
        for name in rows.keys.sorted() {
            #expect(limits[name] != nil, "docs/limits.md has a row for \(name), which is no limit of the code")
        }
    }

    @Test func every_limit_has_a_test() throws {
        let sources = try Self.testSources()
        for name in Self.limits.keys.sorted() {
            let test = Self.tests[name] ?? "limit_" + (name.split(separator: ".").last ?? "")
            let isThere = sources.contains("func \(test)")
            #expect(isThere, "\(name) has no test named \(test)")
        }
    }

    @Test func every_metric_in_the_table_exists() throws {
        var names = Set(LoopStatistics.figures.map { "firecrest_" + $0.name + ($0.kind == .counter ? "_total" : "") })
        names.formUnion(HubStatistics.figures.map(\.fullName) + [HubStatistics.linksDropped])
        names.formUnion(HubAdapterStatistics.figures.map(\.fullName))
        for (name, row) in try Self.rows() {
            for metric in row.metrics {
                #expect(
                    names.contains(metric), "docs/limits.md: \(name) names the metric \(metric), which there is none of"
                )
            }
        }
    }

    // MARK: the code

    private static var limits: [String: String] {
        var limits = fixed
        for (type, value) in options {
            for child in Mirror(reflecting: value).children {
                guard let label = child.label, !noLimits.contains("\(type).\(label)") else { continue }
                if let shown = show(child.value) { limits["\(type).\(label)"] = shown }
            }
        }
        return limits
    }

    /// nil for what is neither a number nor a time.
    private static func show(_ value: Any) -> String? {
        switch value {
        case let number as Int: return show(number)
        case let number as Int32: return show(Int(number))
        case let time as Duration: return show(.nanoseconds(Int64(time / .nanoseconds(1))))
        case let time as TimeAmount: return show(time)
        case let restarts as RestartIntensity:
            return show(restarts.maxRestarts) + " in " + (show(restarts.period) ?? "")
        case let rate as RateLimit: return show(Int(rate.perSecond)) + ", burst " + show(rate.burst)
        default: break
        }
        let isLimit = value is Int? || value is Duration? || value is RateLimit? || value is TimeAmount?
        let type = type(of: value)
        let optionals: [Any.Type] = [Int?.self, Duration?.self, RateLimit?.self, TimeAmount?.self]
        return isLimit && optionals.contains { $0 == type } ? "none" : nil
    }

    private static func show(_ number: Int) -> String {
        let digits = [Character](String(number))
        return digits.indices.map { index in
            (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digits[index])
        }.joined()
    }

    private static func show(_ time: TimeAmount) -> String {
        let milliseconds = time.nanoseconds / 1_000_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }

    // MARK: the table

    private struct Row {
        var value: String
        var metrics: [String]
    }

    /// Lines such as "| `HTTPLimits.maxBodyBytes` | bytes | 8,388,608 | … |".
    private static func rows() throws -> [String: Row] {
        var rows: [String: Row] = [:]
        for line in try read(root + "/docs/limits.md").split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { cell in
                cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed().map(String.init).joined()
            }
            try #require(cells.count == 5, "docs/limits.md: a row has five cells: \(line)")
            let name = cells[0].filter { $0 != "`" }
            #expect(rows[name] == nil, "docs/limits.md has two rows for \(name)")
            #expect(cells.allSatisfy { !$0.isEmpty }, "docs/limits.md: the row for \(name) has an empty cell")
            let words = cells[3].split { !$0.isLetter && $0 != "_" && !$0.isNumber }
            rows[name] = Row(
                value: cells[2], metrics: words.filter { $0.hasPrefix("firecrest_") }.map(String.init))
        }
        return rows
    }

    private static func testSources() throws -> String {
        var text = ""
        var folders = [root + "/Tests"]
        while let folder = folders.popLast() {
            guard let stream = opendir(folder) else { throw TestFailure("\(folder) cannot be read") }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasSuffix(".swift") {
                    text += try read(folder + "/" + name)
                } else if !name.contains(".") {
                    folders.append(folder + "/" + name)
                }
            }
        }
        return text
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw TestFailure("\(path) cannot be read") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
