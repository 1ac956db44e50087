// Firecrest — every message is checked, and counted once it is right.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

extension Swarm {
    /// Refs from here on are heartbeats'.
    static let firstBeat: UInt64 = 1_000_000_000

    func readBegins() {
        readTime = BenchClock.now
    }

    func received(_ bytes: ByteBuffer, _ kind: MessageKind, on connection: BenchConnection) {
        let topic = connection.place.topic
        let expected = kind == .text ? bytes.withUnsafeReadableBytes { reader.expected($0, topic: topic) } : nil
        switch expected {
        case .reply(let ref, let stamp): reply(connection, ref: ref, stamp)
        case .broadcast(let stamp): broadcast(connection, stamp)
        case nil: receivedOther(bytes, kind, on: connection)
        }
    }

    private func receivedOther(_ bytes: ByteBuffer, _ kind: MessageKind, on connection: BenchConnection) {
        let message: OutboundMessage
        do {
            message = try reader.codec.decode(bytes, kind: kind == .text ? .text : .binary)
        } catch {
            faults.add(.notPhoenix, "\(error); it begins \(Preview.text(bytes, limit: 120))")
            return
        }
        switch message.kind {
        case .reply(let status):
            if message.topic == .name("phoenix") {
                heartbeatReply(connection, message, status)
            } else {
                reply(connection, message, status)
            }
        case .broadcast, .push: event(connection, message)
        }
    }

    // MARK: replies

    private func reply(_ connection: BenchConnection, _ message: OutboundMessage, _ status: String) {
        guard let ref = UInt64(message.ref.plainText), ref > 0, ref <= UInt64(connection.sent) + 1 else {
            faults.add(.replyUnknown, "\(message.ref) on connection \(connection.number)")
            return
        }
        let isAltered = message.joinRef.plainText != "1" || message.topic != .name(topics.name(connection.place.topic))
        // A join that is refused has no join ref yet, to some servers.
        if isAltered, ref > 1 || status == "ok" {
            let topic = topics.name(connection.place.topic)
            faults.add(
                .replyAltered, "join ref \(message.joinRef) and topic \(message.topic) instead of \"1\" and \(topic)")
        }
        if ref == 1 {
            joinReply(connection, message, status)
        } else if connection.phase == .leaving {
            guard status == "ok" else {
                return fail(connection, .leaveRefused, Preview.text(message.payload.bytes, limit: 200))
            }
            connection.close()
        } else {
            if status != "ok" {
                faults.add(.replyNotOK, "\(status): \(Preview.text(message.payload.bytes, limit: 200))")
            }
            let stamp = status == "ok" && !isAltered ? reader.payload.read(json: message.payload.bytes) : nil
            reply(connection, ref: ref, stamp, isCounted: status != "ok" || isAltered)
        }
    }

    private func joinReply(_ connection: BenchConnection, _ message: OutboundMessage, _ status: String) {
        guard connection.phase == .joining else {
            faults.add(.replyDoubled, "the reply to a join")
            return
        }
        guard status == "ok" else {
            let reason = Preview.text(message.payload.bytes, limit: 200)
            return fail(connection, .joinRefused, "\(status) on \(topics.name(connection.place.topic)): \(reason)")
        }
        joined(connection)
    }

    /// - Parameters:
    ///   - stamp: `nil` when the payload is not in every byte what was sent.
    ///   - isCounted: whether something was found wrong with the reply already.
    private func reply(_ connection: BenchConnection, ref: UInt64, _ stamp: Stamp?, isCounted: Bool = false) {
        guard ref > 1, ref <= UInt64(connection.sent) + 1 else {
            faults.add(.replyUnknown, "\(ref) on connection \(connection.number)")
            return
        }
        let number = UInt32(ref - 1)
        let isRight = stamp.map { $0.number == number && $0.sender == UInt32(connection.number) } ?? false
        if !isRight, !isCounted {
            faults.add(.replyAltered, "the payload of reply \(ref) on connection \(connection.number)")
        }
        let before = connection.answered
        switch arrived(number, after: before, key: UInt64(connection.number) << 1) {
        case .new: connection.answered = number
        case .late:
            if !settings.takesAnyOrder {
                faults.add(.replyReordered, "reply \(ref) on connection \(connection.number)")
            }
        case .doubled:
            faults.add(.replyDoubled, "reply \(ref) on connection \(connection.number)")
            return
        }
        if isRight, let stamp, isMeasured(stamp.time) {
            counts.replies += 1
            counts.replyTimes.record(elapsed(since: stamp.time))
        }
        guard settings.rate == nil, isSending, connection.answered > before else { return }
        // Those that were jumped over are lost, most likely; the next ones do not wait for them.
        for _ in before..<connection.answered { push(connection, due: readTime) }
    }

    private func heartbeatReply(_ connection: BenchConnection, _ message: OutboundMessage, _ status: String) {
        let ref = UInt64(message.ref.plainText)
        guard ref == Self.firstBeat + UInt64(connection.beats), connection.beatTime > 0, status == "ok" else {
            faults.add(.heartbeatWrong, "ref \(message.ref), status \(status) on connection \(connection.number)")
            return
        }
        counts.heartbeats += 1
        counts.heartbeatTimes.record(elapsed(since: connection.beatTime))
        connection.beatTime = 0
    }

    // MARK: broadcasts

    private func event(_ connection: BenchConnection, _ message: OutboundMessage) {
        switch message.event {
        case OutboundMessage.Event.close where connection.place.role == .storm: return
        case OutboundMessage.Event.close, OutboundMessage.Event.error:
            faults.add(.channelEnded, "\(message.event) on \(message.topic), connection \(connection.number)")
            return
        case settings.broadcastEvent where connection.heard < .max: break
        default:
            // What else a server pushes is its business.
            return
        }
        guard [.speaker, .listener, .slow].contains(connection.place.role) else {
            faults.add(.unexpectedMessage, "\(message.event) on connection \(connection.number)")
            return
        }
        let topic = topics.name(connection.place.topic)
        if message.topic == .name(topic), let stamp = reader.payload.read(json: message.payload.bytes) {
            return broadcast(connection, stamp)
        }
        faults.add(
            .broadcastAltered,
            "\(message.topic) on connection \(connection.number): \(Preview.text(message.payload.bytes, limit: 100))")
        // It stands for the one that was to come; its own number cannot be trusted.
        advance(connection, to: connection.heard + 1)
    }

    private func broadcast(_ connection: BenchConnection, _ stamp: Stamp) {
        let place = connection.place
        guard [.speaker, .listener, .slow].contains(place.role), stamp.number > 0,
            stamp.sender == plan.speaker(of: place.topic)
        else {
            faults.add(
                .unexpectedMessage, "a broadcast of connection \(stamp.sender) on connection \(connection.number)")
            return
        }
        if advance(connection, to: stamp.number), isMeasured(stamp.time) {
            if place.role == .slow {
                counts.slowDeliveries += 1
            } else {
                counts.deliveries += 1
                counts.deliveryTimes.record(elapsed(since: stamp.time))
            }
        }
    }

    /// - Returns: whether the number came for the first time.
    @discardableResult
    private func advance(_ connection: BenchConnection, to number: UInt32) -> Bool {
        let before = connection.heard
        if connection.place.role == .slow, number > before {
            // What is kept from a slow reader is the server's policy.
            counts.slowLost += Int(number - before) - 1
            connection.heard = number
            return true
        }
        switch arrived(number, after: before, key: UInt64(connection.number) << 1 | 1) {
        case .new: connection.heard = number
        case .late:
            faults.add(.broadcastReordered, "broadcast \(number) on connection \(connection.number)")
            return true
        case .doubled:
            faults.add(.broadcastDoubled, "broadcast \(number) on connection \(connection.number)")
            return false
        }
        if let window = connection.window {
            let completed = window.arrived(before + 1...number)
            if completed > 0, isSending { publishNext(connection.place.topic, completed) }
        }
        return true
    }

    // MARK: numbers

    enum Arrival { case new, late, doubled }

    /// Numbers that come one after the other cost a comparison; the first gap of a connection gets it a tally.
    private func arrived(_ number: UInt32, after last: UInt32, key: UInt64) -> Arrival {
        if tallies.isEmpty, number == last &+ 1 { return .new }
        guard var tally = tallies[key] ?? (number == last &+ 1 ? nil : SequenceTally(after: Int(last))) else {
            return .new
        }
        let isLate = Int(number) <= tally.last
        let arrival = tally.arrived(Int(number))
        tallies[key] = tally
        return arrival == .doubled ? .doubled : isLate ? .late : .new
    }

    /// Nanoseconds up to the present read.
    func elapsed(since time: UInt64) -> UInt64 { readTime > time ? readTime - time : 0 }

    /// Whether a message with this intended time of sending belongs to what is measured. In a closed loop it is the
    /// answer's time that counts, or else a server's slowest answers would be left out.
    func isMeasured(_ sent: UInt64) -> Bool {
        let time = settings.rate == nil ? readTime : sent
        return time >= windowStart && time < windowEnd
    }
}
