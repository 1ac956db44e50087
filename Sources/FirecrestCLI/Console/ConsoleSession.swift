// Firecrest — the Phoenix side of a console: joins, pushes, replies, heartbeats.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// Isolation: not Sendable; belongs to its connection's event loop.
final class ConsoleSession: ClientConnectionDelegate {
    private struct Pending {
        var topic: String
        var event: String
        var sent: NIODeadline
    }

    /// Messages whose replies are awaited at the same time; beyond, the oldest is given up. Most events have none.
    private static let maxPending = 10_000

    private let options: ConsoleOptions
    private let codec: ClientCodec
    private let report: ConsoleReport
    private let print: @Sendable (String) -> Void
    private let loop: any EventLoop
    private let began = NIODeadline.now()

    private var connection: ClientConnection?
    /// Topics that are joined or joining, with the join's ref.
    private var joined: [String: Ref] = [:]
    private var topic: String
    private var nextRef = 1
    private var pending: [Int: Pending] = [:]
    private var oldestPending = 1
    private var heartbeat: (task: RepeatedTask, ref: Int?)?
    private var pings: [NIODeadline] = []
    /// No more lines are taken.
    private var isEnding = false
    /// The leaves are sent; once they are answered the connection closes.
    private var isQuitting = false
    private var isClosed = false
    private var endTimer: Scheduled<Void>?
    private var rawReaders: RawReaders?

    /// Done when the first join is answered with ok.
    let ready: EventLoopPromise<Void>
    /// Done when the connection is closed. Fails with a ``ConsoleError`` when that was not asked for.
    let end: EventLoopPromise<Void>

    init(
        _ options: ConsoleOptions, report: ConsoleReport, loop: any EventLoop,
        print: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.report = report
        self.print = print
        self.loop = loop
        codec = ClientCodec(options.version)
        topic = options.topic
        ready = loop.makePromise()
        end = loop.makePromise()
        if options.isRaw { rawReaders = RawReaders() }
    }

    // MARK: what is typed

    /// Does what a line asks for.
    ///
    /// - Returns: done when the kernel has taken what was sent, so that a long input waits for a slow server.
    func take(_ line: String) -> EventLoopFuture<Void> {
        guard !isEnding else { return loop.makeSucceededVoidFuture() }
        do throws(ConsoleError) {
            switch try ConsoleInput(line) {
            case .nothing: break
            case .push(let event, let payload): return try push(event, payload)
            case .leave: try leave()
            case .join(let name): join(name ?? topic)
            case .ping:
                pings.append(.now())
                tell("ping sent")
                connection?.ping(ByteBuffer(string: "firecrest"))
            case .quit: quit()
            case .help: print(ConsoleInput.helpText + "\n")
            }
        } catch {
            tell(report.style.red(error.description))
        }
        return loop.makeSucceededVoidFuture()
    }

    /// No more input: waits for outstanding replies, then quits.
    func endInput() {
        guard !isEnding, connection != nil else { return }
        isEnding = true
        endTimer?.cancel()
        endTimer = schedule(options.timeout) { session in
            let refs = session.outstanding.map { "\($0)" }.joined(separator: ", ")
            let seconds = TextReport.decimal(Double(session.options.timeout.nanoseconds) / 1e9)
            session.tell("no reply to \(refs) within \(seconds) s")
            session.quit()
        }
        goOnEnding()
    }

    /// Leaves what is joined and closes with 1000.
    func quit() {
        guard !isQuitting, !isClosed else { return }
        isEnding = true
        isQuitting = true
        endTimer?.cancel()
        guard connection != nil else {
            closed(ConsoleError("interrupted before the connection was open."))
            return
        }
        pending = [:]
        for name in joined.keys.sorted() {
            send(.init(topic: name, event: OutboundMessage.Event.leave, sent: .now()), joined[name] ?? .null, .empty)
        }
        joined = [:]
        // A server may hold the reply back as long as it likes; nobody waits longer than the timeout.
        endTimer = schedule(options.timeout) { $0.connection?.close() }
        closeWhenLeft()
    }

    private func closeWhenLeft() {
        guard !pending.contains(where: { $0.value.event == OutboundMessage.Event.leave }) else { return }
        connection?.close()
    }

    private func push(_ event: String, _ payload: Payload) throws(ConsoleError) -> EventLoopFuture<Void> {
        guard let joinRef = joined[topic] else {
            throw ConsoleError("\(Preview.escaped(topic)) is not joined; /join joins it")
        }
        return send(.init(topic: topic, event: event, sent: .now()), joinRef, payload)
            ?? loop.makeSucceededVoidFuture()
    }

    private func join(_ name: String) {
        topic = name
        let ref = Ref(String(nextRef))
        joined[name] = ref
        send(.init(topic: name, event: OutboundMessage.Event.join, sent: .now()), ref, options.joinPayload)
    }

    private func leave() throws(ConsoleError) {
        guard let joinRef = joined.removeValue(forKey: topic) else {
            throw ConsoleError("\(Preview.escaped(topic)) is not joined")
        }
        send(.init(topic: topic, event: OutboundMessage.Event.leave, sent: .now()), joinRef, .empty)
    }

    @discardableResult
    private func send(_ message: Pending, _ joinRef: Ref, _ payload: Payload) -> EventLoopFuture<Void>? {
        var buffer = ByteBuffer()
        let ref = nextRef
        do throws(PayloadError) {
            let kind = try codec.encode(
                Message(
                    joinRef: joinRef, ref: Ref(String(ref)), topic: .name(message.topic), event: message.event,
                    payload: payload),
                into: &buffer)
            nextRef += 1
            pending[ref] = message
            while pending.count > Self.maxPending {
                pending[oldestPending] = nil
                oldestPending += 1
            }
            print(
                report.render(
                    .init(
                        time: elapsed, arrow: "->", topic: message.topic, what: message.event, ref: String(ref),
                        payload: payload)))
            return connection?.send(buffer, kind: kind == .text ? .text : .binary)
        } catch {
            tell(report.style.red("not sent: \(error.detail)"))
            return nil
        }
    }

    // MARK: what arrives

    func opened(_ connection: ClientConnection) {
        self.connection = connection
        tell("connected to \(options.address.authority)")
        join(topic)
        let first = nextRef - 1
        _ = schedule(options.timeout) { session in
            guard session.pending[first] != nil, !session.isReady else { return }
            let seconds = TextReport.decimal(Double(session.options.timeout.nanoseconds) / 1e9)
            session.fail(
                ConsoleError(
                    "no reply to the join of \(session.options.topic) within \(seconds) s. Is the path right, and is it a Phoenix socket? A slow join may need a longer --timeout."
                ))
        }
        guard let interval = options.heartbeat else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        let task = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in bound.value.beat() }
        heartbeat = (task, nil)
    }

    func received(_ payload: ByteBuffer, kind: MessageKind) {
        let message: OutboundMessage
        do throws(ProtocolError) {
            message = try codec.decode(payload, kind: kind == .text ? .text : .binary)
        } catch {
            tell(report.style.red("cannot read a message of \(payload.readableBytes) bytes: \(error.sentence)"))
            return
        }
        let name =
            switch message.topic {
            case .name(let name): name
            case .other(let json): json
            }
        let number = Int(message.ref.plainText)
        var line = ConsoleReport.Line(
            time: elapsed, arrow: "<-", topic: name, what: message.event, ref: String(message.ref.plainText),
            payload: message.payload)
        guard case .reply(let status) = message.kind else {
            print(report.render(line))
            if message.event == OutboundMessage.Event.close || message.event == OutboundMessage.Event.error {
                channelEnded(name, message.joinRef)
            }
            return
        }
        let answered = number.flatMap { pending.removeValue(forKey: $0) }
        line.what = "\(answered?.event ?? message.event) \(status)"
        line.roundTrip = answered.map { NIODeadline.now() - $0.sent }
        print(report.render(line))
        if number == heartbeat?.ref { heartbeat?.ref = nil }
        if let answered { took(answered, status, message.payload) }
    }

    private func took(_ answered: Pending, _ status: String, _ response: Payload) {
        if answered.event == OutboundMessage.Event.join {
            if status == "ok" {
                markReady()
            } else {
                joined[answered.topic] = nil
                if !isReady {
                    fail(
                        ConsoleError(
                            "the join of \(Preview.escaped(answered.topic)) was refused: \(Preview.text(response.bytes, limit: 400)). The channel decides by topic and --join."
                        ))
                    return
                }
            }
        }
        goOnEnding()
    }

    /// Its messages will not be answered any more.
    private func channelEnded(_ name: String, _ joinRef: Ref) {
        // V1 does not say which join ended.
        guard let current = joined[name], joinRef.isNull || current == joinRef else { return }
        joined[name] = nil
        for (ref, message) in pending where message.topic == name { pending[ref] = nil }
        goOnEnding()
    }

    func receivedPong(_ payload: ByteBuffer) {
        guard !pings.isEmpty else { return }
        let time = NIODeadline.now() - pings.removeFirst()
        tell("pong after \(TextReport.decimal(Double(time.nanoseconds) / 1e6)) ms")
    }

    func closed(_ error: ConsoleError?) {
        guard !isClosed else { return }
        isClosed = true
        connection = nil
        heartbeat?.task.cancel()
        heartbeat = nil
        endTimer?.cancel()
        let result = error ?? ConsoleError("the connection was closed before the join was answered.")
        if !isReady {
            isReady = true
            ready.fail(result)
        }
        if let error { end.fail(error) } else { end.succeed() }
    }

    func observed(_ bytes: ByteBuffer, from source: Source) {
        rawReaders?.take(bytes, from: source, report: TextReport(style: report.style), print: print)
    }

    // MARK: heartbeats, ends

    private var isReady = false

    private func markReady() {
        guard !isReady else { return }
        isReady = true
        ready.succeed()
    }

    private func fail(_ error: ConsoleError) {
        let connection = connection
        closed(error)
        connection?.close()
    }

    private func beat() {
        guard heartbeat?.ref == nil else {
            fail(ConsoleError("the server did not answer a heartbeat until the next was due: it is gone or stuck."))
            return
        }
        heartbeat?.ref = nextRef
        send(.init(topic: "phoenix", event: OutboundMessage.Event.heartbeat, sent: .now()), .null, .empty)
    }

    /// Refs whose replies may still come. Heartbeats do not count.
    private var outstanding: [Int] {
        pending.filter { $0.value.event != OutboundMessage.Event.heartbeat }.keys.sorted()
    }

    private func goOnEnding() {
        if isQuitting {
            closeWhenLeft()
        } else if isEnding, outstanding.isEmpty {
            quit()
        }
    }

    private var elapsed: TimeAmount { NIODeadline.now() - began }

    private func tell(_ text: String) {
        print(report.note(text, at: elapsed))
    }

    private func schedule(_ delay: TimeAmount, _ body: @escaping @Sendable (ConsoleSession) -> Void) -> Scheduled<Void>
    {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return loop.scheduleTask(in: delay) { body(bound.value) }
    }
}

@available(*, unavailable)
extension ConsoleSession: Sendable {}
