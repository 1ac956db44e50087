// Firecrest — what workers and the hub say to each other, as bytes.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The frames of a link, written.
///
/// Each end begins with a preamble: four bytes that are no text, and the version. Then frames: length of what follows (4
/// bytes, big-endian as all numbers here) · kind (1) · body. A worker's first frame is its hello, the hub's first its welcome or
/// the reason why there is none. After that the worker sends records, and the hub records of others, how many were lost, and its figures.
/// A record has a number, counted from 1 on its link: one that comes again is out of sequence, and ends the link.
package enum HubFrame {
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Worker: slot (4) · life (8) · key.
        case hello = 1
        /// Hub: bytes that a frame may have (4).
        case welcome = 2
        /// Hub: a code of `HubError`. It closes then.
        case refusal = 3
        /// Number (8) · the record, which the hub does not look into.
        case record = 4
        /// Hub: records for this worker that were left out (8).
        case lost = 5
        /// Hub: what it has counted, as `HubStatistics.numbers` (8 each).
        case figures = 6
    }

    package static let magic: [UInt8] = [0xFC, 0x48, 0x55, 0x42]
    package static let version: UInt8 = 1
    static let preambleBytes = 5
    /// Bytes before a record: length, kind, number.
    static let recordHeaderBytes = 13
    /// A `lost` frame: length, kind, how many.
    static let lostFrameBytes = 13
    /// What the length of a record's frame counts besides the record.
    static let recordOverhead = 9
    /// The most that a frame may have before the other end is known.
    package static let maxGreetingBytes = 512

    package static func writeHello(_ worker: WorkerID, key: String, to buffer: inout ByteBuffer) {
        writePreamble(to: &buffer)
        write(.hello, to: &buffer) { body in
            body.writeInteger(UInt32(clamping: worker.slot))
            body.writeInteger(UInt64(clamping: worker.life))
            body.writeString(key)
        }
    }

    package static func writeWelcome(maxFrameBytes: Int, to buffer: inout ByteBuffer) {
        writePreamble(to: &buffer)
        write(.welcome, to: &buffer) { $0.writeInteger(UInt32(clamping: maxFrameBytes)) }
    }

    package static func writeRefusal(_ code: HubError.Code, to buffer: inout ByteBuffer) {
        writePreamble(to: &buffer)
        write(.refusal, to: &buffer) { $0.writeString(code.rawValue) }
    }

    package static func writeLost(_ count: UInt64, to buffer: inout ByteBuffer) {
        write(.lost, to: &buffer) { $0.writeInteger(count) }
    }

    package static func writeFigures(_ statistics: HubStatistics, to buffer: inout ByteBuffer) {
        write(.figures, to: &buffer) { body in
            for number in statistics.numbers { body.writeInteger(number) }
        }
    }

    /// What stands before a record of `size` bytes.
    package static func writeRecordHeader(size: Int, number: UInt64, to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(UInt32(clamping: size + recordOverhead), Kind.record.rawValue, number)
    }

    private static func writePreamble(to buffer: inout ByteBuffer) {
        buffer.writeBytes(magic)
        buffer.writeInteger(version)
    }

    private static func write(_ kind: Kind, to buffer: inout ByteBuffer, _ writeBody: (inout ByteBuffer) -> Void) {
        let start = buffer.writerIndex
        buffer.writeInteger(UInt32(0))
        buffer.writeInteger(kind.rawValue)
        writeBody(&buffer)
        buffer.setInteger(UInt32(clamping: buffer.writerIndex - start - 4), at: start)
    }
}
