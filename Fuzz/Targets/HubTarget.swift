// Firecrest — fuzzes what the two ends of a link between a worker and the hub read.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWorkers
internal import NIOCore

/// Settings: side, limit, and whether there is a greeting already, in the first byte; where reads are cut in the second.
struct HubTarget: FuzzTarget {
    private static let hello: [UInt8] = HubFrame.magic + [1, 0, 0, 0, 14, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0x6B]
    private static let welcome: [UInt8] = HubFrame.magic + [1, 0, 0, 0, 5, 2, 0, 0, 0, 99]

    func run(_ input: FuzzInput) {
        var input = input
        let settings = input.byte()
        let cuts = input.byte()
        let side: HubDecoder.Side = settings & 1 == 0 ? .hub : .worker
        let limit = settings & 2 == 0 ? 48 : 600
        let greeting = settings & 4 == 0 ? [] : side == .hub ? Self.hello : Self.welcome
        let bytes = greeting + input.rest

        let whole = Reading(bytes, side, limit, cutAt: nil)
        let cut = Reading(bytes, side, limit, cutAt: cuts)
        require(whole.said == cut.said, "what is read depends on how reads are cut: \(whole.said) \(cut.said)")
        let expected = Self.reference(bytes, side, limit)
        require(whole.said == expected, "\(whole.said), not \(expected)")
        checkForwarding(whole, limit)
    }

    /// What the hub hands on, another worker reads as it was.
    private func checkForwarding(_ reading: Reading, _ limit: Int) {
        var outbox = HubOutbox()
        outbox.append(ByteBuffer(bytes: Self.welcome))
        for run in reading.runs { outbox.append(run.bytes) }
        let count = outbox.byteCount
        let wire = outbox.take().flatMap(\.bytes)
        require(wire.count == count, "\(wire.count) bytes of \(count) were queued")
        let records = reading.said.filter { if case .record = $0 { true } else { false } }
        let there = Reading(wire, .worker, limit, cutAt: nil)
        require(there.said == [.welcome(99)] + records, "\(records) became \(there.said)")
    }

    enum Said: Equatable {
        case hello(Int, Int, [UInt8])
        case welcome(Int)
        case refusal(HubError.Code?)
        case record([UInt8])
        case lost(UInt64)
        case figures([UInt64])
        case error(HubError.Code)
    }

    private struct Reading {
        private(set) var said: [Said] = []
        private(set) var runs: [HubRun] = []

        init(_ bytes: [UInt8], _ side: HubDecoder.Side, _ limit: Int, cutAt cuts: UInt8?) {
            var decoder = HubDecoder(side: side, maxFrameBytes: limit + (hasPlantedBug ? 1 : 0))
            var (cuts, rest) = (cuts, bytes[...])
            while !rest.isEmpty {
                var count = rest.count
                if let size = cuts {
                    // A few bytes each, so that headers are cut too.
                    count = min(count, Int(size % 16) + 1)
                    cuts = size &* 141 &+ 3
                }
                decoder.append(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
                do throws(HubError) {
                    while let event = try decoder.next() { take(event) }
                } catch {
                    said.append(.error(error.code))
                    require(decoder.heldBytes == 0, "a decoder that has failed holds bytes")
                    return
                }
                require(
                    decoder.heldBytes < max(limit, HubFrame.maxGreetingBytes) + 5, "\(decoder.heldBytes) bytes are held"
                )
            }
        }

        private mutating func take(_ event: HubEvent) {
            switch event {
            case .hello(let worker, let key): said.append(.hello(worker.slot, worker.life, Array(key.utf8)))
            case .welcome(let limit): said.append(.welcome(limit))
            case .refusal(let code): said.append(.refusal(code))
            case .lost(let count): said.append(.lost(count))
            case .figures(let statistics): said.append(.figures(statistics.numbers))
            case .records(let run):
                runs.append(run)
                let before = said.count
                run.forEachRecord { said.append(.record($0.bytes)) }
                require(said.count - before == run.count && run.count > 0, "a run of \(run.count) records has others")
            }
        }
    }

    // MARK: a second reading

    private static func reference(_ bytes: [UInt8], _ side: HubDecoder.Side, _ limit: Int) -> [Said] {
        let start: [UInt8] = [0xFC, 0x48, 0x55, 0x42]
        guard bytes.prefix(4).elementsEqual(start.prefix(bytes.count)) else { return [.error(.garbage)] }
        guard bytes.count > 4 else { return [] }
        guard bytes[4] == 1 else { return [.error(.wrongVersion)] }
        var (said, rest, expected) = ([Said](), bytes[5...], UInt64(1))
        while rest.count >= 4 {
            let length = Int(number(rest.prefix(4)))
            guard length <= (said.isEmpty ? min(limit, 512) : limit) else { return said + [.error(.frameTooLarge)] }
            guard length > 0 else { return said + [.error(.unexpectedFrame)] }
            guard rest.count >= 5 else { return said }
            let kind = rest[rest.startIndex + 4]
            guard (1...6).contains(kind) else { return said + [.error(.unexpectedFrame)] }
            // Of records, and at the hub of everything once it has the hello, the beginning says enough.
            if !said.isEmpty, side == .hub, kind != 4 { return said + [.error(.unexpectedFrame)] }
            if !said.isEmpty, kind == 4 {
                guard length >= 9 else { return said + [.error(.unexpectedFrame)] }
                guard rest.count >= 13 else { return said }
                if side == .hub, number(rest.dropFirst(5).prefix(8)) != expected {
                    return said + [.error(.outOfSequence)]
                }
            }
            guard rest.count >= length + 4 else { return said }
            let body = Array(rest.dropFirst(5).prefix(length - 1))
            rest = rest.dropFirst(length + 4)
            guard let word = word(kind, body, side, isFirst: said.isEmpty) else {
                return said + [.error(.unexpectedFrame)]
            }
            said.append(word)
            if kind == 4 { expected += 1 }
        }
        return said
    }

    private static func word(_ kind: UInt8, _ body: [UInt8], _ side: HubDecoder.Side, isFirst: Bool) -> Said? {
        switch (kind, side, isFirst) {
        case (1, .hub, true):
            guard body.count >= 12, body[4] < 128 else { return nil }
            return .hello(
                Int(number(body.prefix(4))), Int(number(body[4..<12])),
                Array(String(decoding: body[12...], as: UTF8.self).utf8))
        case (2, .worker, true): return body.count == 4 ? .welcome(Int(number(body[...]))) : nil
        case (3, .worker, true):
            return .refusal(HubError.Code.allCases.first { Array($0.rawValue.utf8) == body })
        case (4, _, false): return .record(Array(body.dropFirst(8)))
        case (5, .worker, false): return body.count == 8 ? .lost(number(body[...])) : nil
        case (6, .worker, false):
            guard body.count % 8 == 0 else { return nil }
            let expected = HubStatistics().numbers.count
            let numbers = stride(from: 0, to: body.count, by: 8).map { number(body[$0..<($0 + 8)]) }
            // What is not there is 0, and nothing here counts beyond 63 bits.
            let known = numbers.prefix(expected) + Array(repeating: 0, count: max(0, expected - numbers.count))
            return .figures(known.map { min($0, UInt64(Int.max)) })
        default: return nil
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
