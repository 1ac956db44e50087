// Firecrest — what waits for a client that is behind, and who makes room when it is too much.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Made when the first frame has to wait, and gone with the last one.
///
/// Frames are numbered from the first that came, and keep their numbers. One that is dropped from the middle leaves a gap,
/// so that each step takes the same short time however much waits; gaps are closed when they are half of it all.
///
/// Isolation: belongs to its connection.
final class OutboundBacklog {
    private struct Entry {
        /// nil: a gap.
        var frame: ByteBuffer?
        let rule: DropRule?
    }

    private(set) var bytes = 0
    /// Frames, gaps not counted.
    private(set) var count = 0
    private var entries = ChunkedQueue<Entry>()
    /// The number of the first entry.
    private var base = 0
    private var places: [ConflationKey: Int] = [:]
    /// Numbers before which no frame may be dropped for another that may be, and for one that must be sent.
    private var oldestMakingRoom = 0
    private var oldestDroppable = 0

    func admit(
        _ frame: ByteBuffer, _ rule: DropRule?, _ limits: OutboundLimits, _ dropped: (DropRule) -> Void
    ) -> OutboundQueue.Admission {
        if let key = rule?.key, let place = places[key] {
            return replace(place, frame, limits, dropped)
        }
        if !hasRoom(frame.readableBytes, limits) {
            if rule?.makesRoom ?? true { makeRoom(for: frame, mustBeSent: rule == nil, limits, dropped) }
            guard hasRoom(frame.readableBytes, limits) else {
                guard let rule else { return .overflow }
                dropped(rule)
                return .dropped
            }
        }
        append(frame, rule)
        return .queued
    }

    func append(_ frame: ByteBuffer, _ rule: DropRule?) {
        if let key = rule?.key { places[key] = base + entries.count }
        entries.append(Entry(frame: frame, rule: rule))
        bytes += frame.readableBytes
        count += 1
    }

    func prepend(_ frame: ByteBuffer) {
        base -= 1
        entries.prepend(Entry(frame: frame, rule: nil))
        bytes += frame.readableBytes
        count += 1
    }

    func popFirst() -> ByteBuffer? {
        while let entry = entries.popFirst() {
            base += 1
            guard let frame = entry.frame else { continue }
            if let key = entry.rule?.key { places[key] = nil }
            bytes -= frame.readableBytes
            count -= 1
            return frame
        }
        return nil
    }

    private func hasRoom(_ size: Int, _ limits: OutboundLimits) -> Bool {
        count == 0 || (isWithin(limits, bytes + size, count + 1) && count < limits.maxFrames ?? .max)
    }

    private func isWithin(_ limits: OutboundLimits, _ bytes: Int, _ count: Int) -> Bool {
        bytes + count * limits.bytesPerFrame <= limits.maxBytes
    }

    /// The newer one with the same key, in the older one's place.
    private func replace(
        _ place: Int, _ frame: ByteBuffer, _ limits: OutboundLimits, _ dropped: (DropRule) -> Void
    ) -> OutboundQueue.Admission {
        let index = place - base
        if let rule = entries[index].rule { dropped(rule) }
        bytes += frame.readableBytes - (entries[index].frame?.readableBytes ?? 0)
        entries[index].frame = frame
        // A larger one may be too large.
        while !isWithin(limits, bytes, count), count > 1, dropOldest(mustBeSent: false, dropped) {}
        return .queued
    }

    private func makeRoom(
        for frame: ByteBuffer, mustBeSent: Bool, _ limits: OutboundLimits, _ dropped: (DropRule) -> Void
    ) {
        while !hasRoom(frame.readableBytes, limits), dropOldest(mustBeSent: mustBeSent, dropped) {}
        if entries.count > 64, entries.count > count * 2 { closeGaps() }
    }

    private func dropOldest(mustBeSent: Bool, _ dropped: (DropRule) -> Void) -> Bool {
        var place = max(base, mustBeSent ? oldestDroppable : oldestMakingRoom)
        defer { if mustBeSent { oldestDroppable = place } else { oldestMakingRoom = place } }
        while place < base + entries.count {
            let entry = entries[place - base]
            if let frame = entry.frame, let rule = entry.rule, mustBeSent || rule.makesRoom {
                entries[place - base].frame = nil
                if let key = rule.key { places[key] = nil }
                bytes -= frame.readableBytes
                count -= 1
                dropped(rule)
                return true
            }
            place += 1
        }
        return false
    }

    private func closeGaps() {
        entries.removeAll { $0.frame == nil }
        base = 0
        oldestMakingRoom = 0
        oldestDroppable = 0
        for place in 0..<entries.count {
            if let key = entries[place].rule?.key { places[key] = place }
        }
    }
}
