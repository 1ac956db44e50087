// Firecrest — one or two streams, read from their beginning to their end.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// What the reports print, in the order in which it is found.
enum Finding {
    case stream(StreamFinding)
    case head(HeadFinding)
    case frame(FrameFinding)
    /// A message that was given without frames.
    case message(MessageFinding, Source, [Problem])
    /// Bytes that are not read, and why.
    case skipped(Skipped)
    case problem(Problem, Source)
    case summary(Summary)

    struct StreamFinding {
        var name: String
        var source: Source
        /// How the direction is known.
        var reason: String
        var bytes: Int
    }

    struct Skipped {
        var source: Source
        var offset: Int
        var bytes: ByteBuffer
        var reason: String
    }

    struct Summary: Equatable {
        var frames = 0
        var messages = 0
        var problems = 0
        /// Whether the order of the two streams' frames was inferred.
        var isMerged = false
    }
}

/// A stream of bytes with a name, as the user gave it.
struct Capture {
    var name: String
    var bytes: ByteBuffer
}

/// Reads up to two captures: heads first, then frames. Frames of two streams are put in an order that their refs allow; no
/// capture says when a byte came.
struct Conversation {
    private let settings: InspectSettings
    private let report: (Finding) -> Void
    private var heads = HeadReader()
    private var summary = Finding.Summary()

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(settings: InspectSettings, report: @escaping (Finding) -> Void) {
        self.settings = settings
        self.report = report
    }

    private struct Stream {
        var source: Source
        var reason: String
        var capture: Capture
        var offset = 0
        var isOpen = true
    }

    /// - Parameter from: who sent the first capture; `nil` to find out.
    /// - Throws: ``Failure`` when two captures are of the same direction.
    mutating func read(_ captures: [Capture], from: Source?) throws(Failure) -> Finding.Summary {
        var streams = captures.map { Self.stream($0, from: captures.count == 1 ? from : nil) }
        if streams.count == 2, let from { streams[0].source = from }
        if streams.count == 2, streams[0].source == streams[1].source {
            throw Failure(
                description: "both inputs come from the \(streams[0].source.rawValue) (\(streams[1].reason)); "
                    + "give one of each side, or one at a time")
        }
        // The request first: the answer is judged by it.
        streams.sort { $0.source == .client && $1.source == .server }
        for index in streams.indices { readHead(of: &streams[index]) }
        var inspectors = streams.map { stream in
            var inspector = StreamInspector(
                source: stream.source, context: heads.context, settings: settings, offset: stream.offset)
            if stream.isOpen { inspector.append(stream.capture.bytes) }
            inspector.end()
            return inspector
        }
        if inspectors.count == 2 {
            summary.isMerged = true
            merge(&inspectors)
        } else if inspectors.count == 1 {
            while let frame = inspectors[0].next() { tell(frame) }
        }
        for inspector in inspectors {
            if let problem = inspector.unfinished { tell(problem, inspector.source) }
        }
        report(.summary(summary))
        return summary
    }

    /// Reads one message that stands for itself, without frames around it.
    mutating func readMessage(_ capture: Capture, kind: MessageKind, from: Source?) -> Finding.Summary {
        var version: ClientCodec.Version?
        if case .version(let known) = settings.phoenix { version = known }
        var message = MessageFinding(kind: kind, frames: 0, bytes: capture.bytes)
        var failure: EnvelopeReader.Failure?
        // A client's binary push may look like nothing that a server sends, and the other way round.
        var source = from ?? .client
        for candidate in from.map({ [$0] }) ?? [.client, .server] {
            do throws(EnvelopeReader.Failure) {
                let reader = EnvelopeReader(source: candidate, limits: settings.messageLimits)
                message.envelope = try reader.read(
                    capture.bytes, kind: kind,
                    version: version ?? (capture.bytes.readableBytesView.first == UInt8(ascii: "{") ? .v1 : .v2))
                (source, failure) = (candidate, nil)
                break
            } catch {
                failure = failure ?? error
            }
        }
        let problems = failure.map { failure in
            [
                Problem(
                    offset: failure.position, kind: failure.kind, sentence: failure.sentence, rule: failure.rule,
                    consequence: source == .client ? "closes with 1011" : "cannot decode the message")
            ]
        }
        summary.messages = 1
        summary.problems = problems?.count ?? 0
        report(
            .stream(
                .init(
                    name: capture.name, source: source, reason: from == nil ? "by its form" : "as told",
                    bytes: capture.bytes.readableBytes)))
        report(.message(message, source, problems ?? []))
        report(.summary(summary))
        return summary
    }

    private static func stream(_ capture: Capture, from: Source?) -> Stream {
        if let from { return Stream(source: from, reason: "as told", capture: capture) }
        if let source = HTTPHead.source(of: capture.bytes) {
            return Stream(
                source: source, reason: source == .client ? "begins with a request" : "begins with a response",
                capture: capture)
        }
        let second = capture.bytes.getInteger(at: capture.bytes.readerIndex + 1, as: UInt8.self) ?? 0
        return second & 0x80 != 0
            ? Stream(source: .client, reason: "the first frame is masked", capture: capture)
            : Stream(source: .server, reason: "the first frame is not masked", capture: capture)
    }

    private mutating func readHead(of stream: inout Stream) {
        report(
            .stream(
                .init(
                    name: stream.capture.name, source: stream.source, reason: stream.reason,
                    bytes: stream.capture.bytes.readableBytes)))
        guard HTTPHead.source(of: stream.capture.bytes) != nil else { return }
        let finding = heads.read(stream.capture.bytes, source: stream.source, offset: 0)
        summary.problems += finding.problems.count
        report(.head(finding))
        stream.capture.bytes.moveReaderIndex(forwardBy: finding.length)
        stream.offset = finding.length
        stream.isOpen = finding.opensWebSocket
        if !stream.isOpen, stream.capture.bytes.readableBytes > 0 {
            report(
                .skipped(
                    .init(
                        source: stream.source, offset: stream.offset, bytes: stream.capture.bytes,
                        reason: "no frames: the response is not 101")))
        }
    }

    /// Frames of the server that wait for the next reply, at most.
    private static let maxHeld = 1_000

    /// Puts each reply behind the message that it answers, and leaves the order of each stream as it is. What the server
    /// sends unasked may follow from any message before the next reply: it comes right before that reply.
    private mutating func merge(_ inspectors: inout [StreamInspector]) {
        var sent: Set<String> = []
        /// Tells the client's next frame; false when there is none.
        func send() -> Bool {
            guard let frame = inspectors[0].next() else { return false }
            tell(frame)
            if let key = frame.message?.envelope?.answerKey { sent.insert(key) }
            return true
        }
        var held: [FrameFinding] = []
        func release() {
            for frame in held { tell(frame) }
            held = []
        }
        while let frame = inspectors[1].next() {
            if let envelope = frame.message?.envelope, case .reply = envelope.meaning, let key = envelope.answerKey {
                while !sent.contains(key), send() {}
                release()
                tell(frame)
            } else {
                if frame.close != nil { while send() {} }
                held.append(frame)
                if frame.close != nil || held.count > Self.maxHeld { release() }
            }
        }
        while send() {}
        release()
    }

    private mutating func tell(_ frame: FrameFinding) {
        summary.frames += 1
        if frame.message != nil { summary.messages += 1 }
        summary.problems += frame.problems.count
        report(.frame(frame))
    }

    private mutating func tell(_ problem: Problem, _ source: Source) {
        summary.problems += 1
        report(.problem(problem, source))
    }
}
