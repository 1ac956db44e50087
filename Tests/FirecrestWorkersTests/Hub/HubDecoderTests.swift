// Firecrest — what a link's end makes of bytes, whole and cut anywhere
// SPDX-License-Identifier: Apache-2.0

import FirecrestWorkers
import NIOCore
import Testing

@Suite("Decoder of the hub")
struct HubDecoderTests {
    static let preamble: [UInt8] = [0xFC, 0x48, 0x55, 0x42, 1]
    static let hello: [UInt8] = preamble + [0, 0, 0, 14, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0x6B]
    static let welcome: [UInt8] = preamble + [0, 0, 0, 5, 2, 0, 0, 0, 99]

    static func record(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, 0, UInt8(payload.count + 9), 4, 0, 0, 0, 0, 0, 0, 0, number] + payload
    }

    /// What came, records one by one.
    enum Said: Hashable, Sendable {
        case hello(Int, Int, String)
        case welcome(Int)
        case refusal(HubError.Code?)
        case record([UInt8])
        case lost(UInt64)
        case figures([UInt64])
        case error(HubError.Code)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let side: HubDecoder.Side
        let bytes: [UInt8]
        let said: [Said]

        init(_ name: String, _ side: HubDecoder.Side, _ bytes: [UInt8], _ said: [Said]) {
            (testDescription, self.side, self.bytes, self.said) = (name, side, bytes, said)
        }
    }

    private static func number(_ value: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, value] }

    static let greeted = Said.hello(3, 2, "k")
    static let cases = [
        Case("a hello and nothing behind it", .hub, hello, [greeted]),
        Case(
            "records in order", .hub, hello + record(1, [7]) + record(2, []) + record(3, [8, 9]),
            [greeted, .record([7]), .record([]), .record([8, 9])]),
        Case("a part of a record", .hub, hello + record(1, [7, 8]).dropLast(), [greeted]),
        Case("another protocol", .hub, Array("GET / HTTP/1.1\r\n".utf8), [.error(.garbage)]),
        Case("almost the magic", .hub, [0xFC, 0x48, 0x55, 0x43], [.error(.garbage)]),
        Case("version 0", .hub, [0xFC, 0x48, 0x55, 0x42, 0] + hello.dropFirst(5), [.error(.wrongVersion)]),
        Case("version 2", .hub, [0xFC, 0x48, 0x55, 0x42, 2], [.error(.wrongVersion)]),
        Case("a hello without a life", .hub, preamble + [0, 0, 0, 5, 1, 0, 0, 0, 3], [.error(.unexpectedFrame)]),
        Case(
            "a life that is no number here", .hub,
            preamble + [0, 0, 0, 14, 1, 0, 0, 0, 3, 255, 0, 0, 0, 0, 0, 0, 2, 0x6B], [.error(.unexpectedFrame)]),
        Case("a record before the hello", .hub, preamble + record(1, [7]), [.error(.unexpectedFrame)]),
        Case("a hello that is too large", .hub, preamble + [0, 0, 2, 1, 1], [.error(.frameTooLarge)]),
        Case("a second hello", .hub, hello + hello.dropFirst(5), [greeted, .error(.unexpectedFrame)]),
        Case("a welcome at the hub", .hub, welcome, [.error(.unexpectedFrame)]),
        Case("an empty frame", .hub, hello + [0, 0, 0, 0], [greeted, .error(.unexpectedFrame)]),
        Case("a kind there is none of", .hub, hello + [0, 0, 0, 1, 7], [greeted, .error(.unexpectedFrame)]),
        Case("a record without a number", .hub, hello + [0, 0, 0, 8, 4], [greeted, .error(.unexpectedFrame)]),
        Case(
            "a record of 64 KiB", .hub, hello + record(1, [7]) + [0, 1, 0, 0, 4],
            [greeted, .record([7]), .error(.frameTooLarge)]),
        Case("a length of 4 GiB", .hub, hello + [255, 255, 255, 255], [greeted, .error(.frameTooLarge)]),
        Case(
            "a record that comes again", .hub, hello + record(1, [7]) + record(1, [7]),
            [greeted, .record([7]), .error(.outOfSequence)]),
        Case(
            "a record that is missing", .hub, hello + record(1, [7]) + record(3, [8]),
            [greeted, .record([7]), .error(.outOfSequence)]),
        Case("what is lost, at the hub", .hub, hello + [0, 0, 0, 9, 5], [greeted, .error(.unexpectedFrame)]),
        Case(
            "a welcome, records of several workers, and what was lost", .worker,
            welcome + record(5, [7]) + record(5, [8]) + [0, 0, 0, 9, 5, 0, 0, 0, 0, 0, 0, 0, 2] + record(1, [9]),
            [.welcome(99), .record([7]), .record([8]), .lost(2), .record([9])]),
        Case(
            "a refusal", .worker, preamble + [0, 0, 0, 14, 3] + Array("hub_wrong_key".utf8), [.refusal(.wrongKey)]),
        Case("a refusal for a reason of later days", .worker, preamble + [0, 0, 0, 2, 3, 0x78], [.refusal(nil)]),
        Case(
            "a welcome that is too long", .worker, preamble + [0, 0, 0, 6, 2, 0, 0, 0, 9, 9], [.error(.unexpectedFrame)]
        ),
        Case("lost without a number", .worker, welcome + [0, 0, 0, 1, 5], [.welcome(99), .error(.unexpectedFrame)]),
        Case(
            "figures, and fewer than there are", .worker,
            welcome + [0, 0, 0, 17, 6] + number(4) + number(9) + record(1, [7]),
            [.welcome(99), .figures([4, 9]), .record([7])]),
        Case(
            "figures that are no numbers", .worker, welcome + [0, 0, 0, 3, 6, 0, 0],
            [.welcome(99), .error(.unexpectedFrame)]),
        Case("figures at the hub", .hub, hello + [0, 0, 0, 1, 6], [greeted, .error(.unexpectedFrame)]),
        Case("a hello at the worker", .worker, hello, [.error(.unexpectedFrame)]),
    ]

    @Test("gives the same events and errors however reads are cut", arguments: cases)
    func table(_ row: Case) {
        for size in 1...max(1, row.bytes.count) {
            #expect(Self.read(row.bytes, row.side, size) == row.said, "in reads of \(size) bytes")
        }
    }

    static func read(_ bytes: [UInt8], _ side: HubDecoder.Side, _ size: Int) -> [Said] {
        var decoder = HubDecoder(side: side, maxFrameBytes: 600)
        var said: [Said] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            decoder.append(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            do throws(HubError) {
                while let event = try decoder.next() { said += words(event) }
            } catch {
                return said + [.error(error.code)]
            }
        }
        return said

        func words(_ event: HubEvent) -> [Said] {
            switch event {
            case .hello(let worker, let key): return [.hello(worker.slot, worker.life, key)]
            case .welcome(let limit): return [.welcome(limit)]
            case .refusal(let code): return [.refusal(code)]
            case .lost(let count): return [.lost(count)]
            case .figures(let statistics): return [.figures(Array(statistics.numbers.prefix(2)))]
            case .records(let run):
                var records: [Said] = []
                run.forEachRecord { records.append(.record(Array($0.readableBytesView))) }
                #expect(records.count == run.count)
                return records
            }
        }
    }

    @Test func a_decoder_that_has_failed_stays_so_and_holds_nothing() {
        var decoder = HubDecoder(side: .hub, maxFrameBytes: 600)
        decoder.append(ByteBuffer(string: "nonsense"))
        for _ in 1...2 {
            let error = #expect(throws: HubError.self) { try decoder.next() }
            #expect(error?.code == .garbage)
            decoder.append(ByteBuffer(bytes: Self.hello))
        }
        #expect(decoder.heldBytes == 0)
    }

    @Test func records_of_one_read_are_handed_on_in_its_memory() throws {
        var decoder = HubDecoder(side: .hub, maxFrameBytes: 600)
        let read = ByteBuffer(bytes: Self.hello + Self.record(1, [7]) + Self.record(2, [8]) + [0, 0])
        decoder.append(read)
        _ = try decoder.next()
        guard case .records(let run) = try decoder.next() else {
            Issue.record("records were expected")
            return
        }
        #expect(run.count == 2)
        #expect(run.bytes.storageCapacity == read.storageCapacity)
        #expect(try decoder.next() == nil)
        // What is left over keeps none of it.
        #expect(decoder.heldBytes == 2)
    }
}
