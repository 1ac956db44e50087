// Firecrest — bad input 30: terms of Erlang that are meant to hurt.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@Suite struct BadTermTests {
    private static func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        [UInt8](ByteBuffer(repeating: ByteBuffer(bytes: bytes), count: count).readableBytesView)
    }

    private static func big(_ count: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
    }

    /// Atoms that have never been seen before, as many as fit into a message: in Erlang each stays for ever.
    private static let atomBomb: [UInt8] =
        [108] + big(90_000)
        + (0..<90_000).flatMap { number -> [UInt8] in
            [119, 7] + Array("a\(100_000 + number)".utf8)
        } + [106]

    /// In the place of the payload of an otherwise fine message, and the beginning of the reason.
    static let payloads: [(name: String, bytes: [UInt8], reason: String)] = [
        ("an atom bomb", atomBomb, "An atom is none of"),
        ("a list of 2³² − 1", [108, 255, 255, 255, 255, 106], "A list, tuple or map claims"),
        ("a map of 2³² − 1 pairs", [116, 255, 255, 255, 255], "A list, tuple or map claims"),
        ("a tuple of 2³² − 1", [105, 255, 255, 255, 255], "A tuple has more elements"),
        ("a tuple of 255 that is not there", [104, 255], "A list, tuple or map claims"),
        (
            "a tuple of 256", [105, 0, 0, 1, 0] + repeated([106], 256),
            "A tuple has more elements than the limit of 255"
        ),
        ("lists in lists", repeated([108, 0, 0, 0, 1], 150_000), "The term is nested deeper"),
        ("tuples in tuples", repeated([104, 1], 400_000), "The term is nested deeper"),
        ("maps in maps", repeated([116, 0, 0, 0, 1, 97, 1], 100_000), "The term is nested deeper"),
        ("an integer of 2³² bytes", [111, 255, 255, 255, 255, 0, 1, 2, 3], "An integer has more than 64 bits"),
        ("an integer of a million bytes", [111] + big(1_000_000) + repeated([1], 1_000_001), "An integer has more"),
        ("an integer of 255 bytes", [110, 255, 0] + repeated([1], 255), "An integer has more"),
        ("a compressed term of 4 GiB", [80, 255, 255, 255, 255, 120, 156, 3, 0], "Compressed terms are not read"),
        ("a binary of 2³² − 1 bytes", [109, 255, 255, 255, 255, 1], "The term is not finished"),
        ("an atom of 65,535 bytes", [118, 255, 255] + repeated([97], 65_535), "An atom is longer than the limit"),
        ("more than 262,144 terms", [108] + big(262_145) + repeated([106], 262_146), "The term has more parts"),
        (
            "more than 262,144 in short form",
            [108] + big(5) + repeated([107, 255, 255] + repeated([0], 65_535), 5) + [106], "The term has more parts"
        ),
        ("a function", [112, 0, 0, 0, 4], "A term is of a kind that is not read"),
        ("an export", [113, 119, 1, 97, 119, 1, 97, 97, 0], "A term is of a kind that is not read"),
        ("a process", [88, 119, 1, 97] + repeated([0], 12), "A term is of a kind that is not read"),
        ("a port", [89, 119, 1, 97] + repeated([0], 8), "A term is of a kind that is not read"),
        ("a reference", [90, 0, 1, 119, 1, 97] + repeated([0], 8), "A term is of a kind that is not read"),
        ("bits", [77, 0, 0, 0, 1, 3, 160], "A term is of a kind that is not read"),
        ("another version within", [131, 106], "A term is of a kind that is not read"),
        ("an improper list", [108, 0, 0, 0, 1, 97, 1, 97, 2], "A list does not end in the empty list"),
        ("NaN", [70, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0], "A number is not finite"),
        ("infinity", [70, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0], "A number is not finite"),
        ("a number as text that is none", [99] + repeated([0x2E], 31), "A number is not finite"),
    ].map { ($0.0, $0.1, $0.2) }

    private static func message(_ payload: [UInt8]) -> [UInt8] {
        [131, 108, 0, 0, 0, 5, 109, 0, 0, 0, 1, 0x31, 109, 0, 0, 0, 1, 0x32]
            + [109, 0, 0, 0, 6] + Array("room:1".utf8) + [109, 0, 0, 0, 4] + Array("echo".utf8) + payload + [106]
    }

    private static func closeOfTerms(
        _ server: TestServer, after frame: RawFrame
    ) async throws -> (code: UInt16?, reason: String) {
        let client = try await TestClient.connect(server, path: TestClient.termPath)
        client.sendWithoutWaiting(frame.bytes)
        let close = try await client.receiveClose()
        try await client.close(close.code)
        #expect(try await client.receive() == .eof)
        return close
    }

    @Test func bad_30_unsafe_terms_close_with_1011() async throws {
        try await attackAmongBystanders(socketOptions: .withTerms()) { server in
            let before = ProcessMemory.now
            for (name, bytes, reason) in Self.payloads {
                let began = ContinuousClock.now
                let frame = RawFrame(opcode: 2, ByteBuffer(bytes: Self.message(bytes)))
                let close = try await Self.closeOfTerms(server, after: frame)
                #expect(close.code == 1011, "\(name)")
                #expect(close.reason.hasPrefix("invalid_term: \(reason)"), "\(name): \(close.reason)")
                #expect(ContinuousClock.now - began < .seconds(1), "\(name)")
            }
            #expect(await server.statistics().protocolErrors == Self.payloads.count)
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 48 << 20, "\(growth) bytes more")
        }
    }

    /// What is large but allowed is work in proportion to its bytes, and stays with who sent it.
    @Test func bad_30_large_terms_are_bounded_work() async throws {
        try await attackAmongBystanders(socketOptions: .withTerms()) { server in
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            try await client.joinTerm("room:2")
            let keys = ETFTerm.map((0..<10_000).map { .init(.string("k\($0)"), .integer(1)) })
            let bytes = ETFTerm.map([.init(.string("v"), .list(.init(repeating: .integer(7), count: 40_000)))])
            for term in [keys, bytes] {
                let began = ContinuousClock.now
                #expect(try await client.callTerm("room:2", "echo", term) == term)
                #expect(ContinuousClock.now - began < .seconds(8))
            }
        }
    }

    /// Every first byte, and every byte of a message changed: an answer or a close frame, never a trap.
    @Test func bad_30_no_term_traps() async throws {
        try await attack(socketOptions: .withTerms(), share: .alone) { server in
            let good = Self.message([116, 0, 0, 0, 1, 109, 0, 0, 0, 1, 0x61, 107, 0, 2, 1, 2])
            var frames = (UInt8.min...UInt8.max).map { Self.message([$0, 0, 0, 0, 1, 0, 1, 0x61, 0, 0, 0, 0]) }
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<200 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...4) {
                    bytes[Int.random(in: 1..<bytes.count)] = UInt8.random(in: 0...255, using: &generator)
                }
                frames.append(bytes)
            }
            for bytes in frames {
                let client = try await TestClient.connect(server, path: TestClient.termPath)
                try await client.sendBinary(bytes)
                try await client.pushTerm(ref: .string("hb"), topic: "phoenix", event: "heartbeat")
                switch try await client.receive() {
                case .close(let code, _): #expect(code == 1011, "\(bytes)")
                case .binary: break
                case let frame: Issue.record("\(frame) for \(bytes)")
                }
                client.drop()
            }
        }
    }
}
