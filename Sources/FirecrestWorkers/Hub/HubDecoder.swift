// Firecrest — reads what the other end of a link sends.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// What came.
package enum HubEvent: Sendable, Hashable {
    case hello(WorkerID, key: String)
    case welcome(maxFrameBytes: Int)
    case refusal(HubError.Code?)
    case records(HubRun)
    case lost(UInt64)
    case figures(HubStatistics)
}

/// Records that came together, in their frames: the hub hands them on as they are.
package struct HubRun: Sendable, Hashable {
    /// Whole frames, and nothing else. A slice of what was read, unless a frame came in parts.
    package let bytes: ByteBuffer
    package let count: Int

    package func forEachRecord(_ body: (ByteBuffer) throws -> Void) rethrows {
        var rest = bytes
        while let length = rest.readInteger(as: UInt32.self), rest.readSlice(length: HubFrame.recordOverhead) != nil,
            let record = rest.readSlice(length: Int(length) - HubFrame.recordOverhead)
        {
            try body(record)
        }
    }
}

/// Takes reads and gives events. Holds what it has received and not given out, which is never more than a frame and a read; a frame
/// over the limit is refused as soon as its length is there.
package struct HubDecoder: Sendable {
    package enum Side: Sendable {
        case hub, worker
    }

    private enum Stage {
        case preamble, greeting, records
    }

    private let side: Side
    private let maxFrameBytes: Int
    private var stage = Stage.preamble
    private var held = ByteBuffer()
    /// Nobody else has the memory of `held`, which can grow in place.
    private var isOwn = false
    private var nextNumber: UInt64 = 1
    private var failure: HubError?

    /// - Parameter side: the end that reads.
    package init(side: Side, maxFrameBytes: Int) {
        self.side = side
        self.maxFrameBytes = maxFrameBytes
    }

    package var heldBytes: Int { held.readableBytes }

    package mutating func append(_ bytes: ByteBuffer) {
        guard failure == nil else { return }
        if held.readableBytes == 0 {
            held = bytes
            isOwn = false
        } else {
            held.writeImmutableBuffer(bytes)
        }
    }

    /// What came next; nil when more must come first.
    ///
    /// - Throws: `HubError`, then always the same.
    package mutating func next() throws(HubError) -> HubEvent? {
        if let failure { throw failure }
        do throws(HubError) {
            if let event = try event() {
                isOwn = false
                return event
            }
        } catch {
            failure = error
            held = ByteBuffer()
            throw error
        }
        settle()
        return nil
    }

    /// What waits for its rest keeps no read alive, whose memory is larger.
    private mutating func settle() {
        guard !isOwn else { return }
        held = held.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: held.readableBytesView)
        isOwn = true
    }

    private mutating func event() throws(HubError) -> HubEvent? {
        switch stage {
        case .preamble:
            guard try readPreamble() else { return nil }
            stage = .greeting
            return try event()
        case .greeting:
            guard let (kind, body) = try readFrame(limit: min(maxFrameBytes, HubFrame.maxGreetingBytes)) else {
                return nil
            }
            stage = .records
            return try greeting(kind, body)
        case .records:
            if let run = try readRun() { return .records(run) }
            guard side == .worker, let (kind, body) = try readFrame(limit: maxFrameBytes) else { return nil }
            return try word(kind, body)
        }
    }

    /// What the hub says between records.
    private func word(_ kind: HubFrame.Kind, _ body: ByteBuffer) throws(HubError) -> HubEvent {
        var body = body
        var numbers: [UInt64] = []
        while let number = body.readInteger(as: UInt64.self) { numbers.append(number) }
        guard body.readableBytes == 0 else { throw Self.unexpected(kind) }
        switch kind {
        case .figures: return .figures(HubStatistics(numbers: numbers))
        case .lost:
            guard numbers.count == 1, let count = numbers.first else { throw Self.unexpected(kind) }
            return .lost(count)
        default: throw Self.unexpected(kind)
        }
    }

    private mutating func readPreamble() throws(HubError) -> Bool {
        let start = held.readableBytesView.prefix(HubFrame.magic.count)
        guard start.elementsEqual(HubFrame.magic.prefix(start.count)) else {
            throw HubError(.garbage, "What came is not how a link between a worker and the hub begins.")
        }
        guard held.readableBytes >= HubFrame.preambleBytes else { return false }
        held.moveReaderIndex(forwardBy: HubFrame.magic.count)
        let version = held.readInteger(as: UInt8.self) ?? 0
        guard version == HubFrame.version else {
            throw HubError(
                .wrongVersion,
                "The other end speaks version \(version), this one \(HubFrame.version); run workers and supervising process from the same program."
            )
        }
        return true
    }

    private func greeting(_ kind: HubFrame.Kind, _ body: ByteBuffer) throws(HubError) -> HubEvent {
        var body = body
        switch (side, kind) {
        case (.hub, .hello):
            guard let slot = body.readInteger(as: UInt32.self), let life = body.readInteger(as: UInt64.self),
                let life = Int(exactly: life), let key = body.readString(length: body.readableBytes)
            else { throw Self.unexpected(kind) }
            return .hello(WorkerID(slot: Int(slot), life: life), key: key)
        case (.worker, .welcome):
            guard let limit = body.readInteger(as: UInt32.self), body.readableBytes == 0 else {
                throw Self.unexpected(kind)
            }
            return .welcome(maxFrameBytes: Int(limit))
        case (.worker, .refusal):
            return .refusal(body.readString(length: body.readableBytes).flatMap(HubError.Code.init(rawValue:)))
        default: throw Self.unexpected(kind)
        }
    }

    /// All whole records that stand at the beginning; nil where there is none.
    private mutating func readRun() throws(HubError) -> HubRun? {
        var (end, count) = (held.readerIndex, 0)
        do throws(HubError) {
            while let (length, kind) = try header(at: end, limit: maxFrameBytes), let kind {
                if kind != .record {
                    guard side == .worker else { throw Self.unexpected(kind) }
                    break
                }
                guard length >= HubFrame.recordOverhead else { throw Self.unexpected(kind) }
                guard let number = held.getInteger(at: end + 5, as: UInt64.self) else { break }
                // What the hub hands on has the numbers of many workers.
                guard side == .worker || number == nextNumber else {
                    throw HubError(
                        .outOfSequence,
                        "A record is number \(number) of its link where number \(nextNumber) is due; it came before, or one did not come."
                    )
                }
                guard length + 4 <= held.writerIndex - end else { break }
                nextNumber &+= 1
                end += length + 4
                count += 1
            }
        } catch {
            // What came before it is good, and goes first; the error is found again then.
            if count == 0 { throw error }
        }
        guard count > 0, let bytes = held.readSlice(length: end - held.readerIndex) else { return nil }
        return HubRun(bytes: bytes, count: count)
    }

    private mutating func readFrame(limit: Int) throws(HubError) -> (HubFrame.Kind, ByteBuffer)? {
        guard let (length, kind) = try header(at: held.readerIndex, limit: limit), let kind,
            held.readableBytes >= length + 4
        else { return nil }
        held.moveReaderIndex(forwardBy: 5)
        return held.readSlice(length: length - 1).map { (kind, $0) }
    }

    /// What a frame says of itself; nil while its length is not all there.
    ///
    /// - Returns: a kind of nil while that is not there.
    private func header(at index: Int, limit: Int) throws(HubError) -> (length: Int, kind: HubFrame.Kind?)? {
        guard let length = held.getInteger(at: index, as: UInt32.self) else { return nil }
        guard length <= limit else {
            throw HubError(
                .frameTooLarge, "A frame says that it has \(length) bytes; at most \(limit) are allowed here.")
        }
        guard length > 0 else { throw HubError(.unexpectedFrame, "A frame is empty.") }
        guard let rawKind = held.getInteger(at: index + 4, as: UInt8.self) else { return (Int(length), nil) }
        guard let kind = HubFrame.Kind(rawValue: rawKind) else {
            throw HubError(.unexpectedFrame, "A frame is of kind \(rawKind), which there is none of.")
        }
        return (Int(length), kind)
    }

    private static func unexpected(_ kind: HubFrame.Kind) -> HubError {
        HubError(.unexpectedFrame, "A frame of kind \(kind) is not expected here, or its body is not as it must be.")
    }
}
