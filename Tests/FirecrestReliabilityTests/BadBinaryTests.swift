// Firecrest — bad input 29: binary frames whose headers lie.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct BadBinaryTests {
    /// Kind, the four lengths of a push, and what follows.
    static let frames: [(name: String, bytes: [UInt8])] =
        [
            ("nothing", []), ("a kind alone", [0]), ("one length", [0, 1]), ("two lengths", [0, 1, 1]),
            ("three lengths", [0, 1, 1, 1]), ("four lengths and nothing behind", [0, 1, 1, 1, 1]),
            ("lengths of 255", [0, 255, 255, 255, 255]),
            ("lengths of 255 and a little", [0, 255, 255, 255, 255] + [UInt8](repeating: 0x61, count: 1_019)),
            ("one byte short", [0, 1, 1, 6, 4] + [UInt8]("12room:1ech".utf8)),
            ("only the event does not fit", [0, 1, 1, 6, 255] + [UInt8]("12room:1echo".utf8)),
            ("only the topic does not fit", [0, 1, 1, 255, 1] + [UInt8]("12room:1echo".utf8)),
            ("only the ref does not fit", [0, 1, 255, 1, 1] + [UInt8]("12room:1echo".utf8)),
            ("only the join ref does not fit", [0, 255, 1, 1, 1] + [UInt8]("12room:1echo".utf8)),
            (
                "a topic that is not UTF-8",
                [0, 1, 1, 6, 4, 0x31, 0x32] + [0xFF, 0xFE, 0xC0, 0x80, 0xED, 0xA0] + [UInt8]("echo".utf8)
            ),
        ]
        + ([1, 2, 3, 127, 128, 255] as [UInt8]).map { kind in
            ("the kind \(kind)", [kind, 1, 1, 6, 4] + [UInt8]("12room:1echo".utf8))
        }

    @Test func bad_29_a_binary_frame_whose_header_exceeds_it_closes_with_1011() async throws {
        try await attackAmongBystanders { server in
            for (name, bytes) in Self.frames {
                let close = try await closeOfSession(server, after: RawFrame(opcode: 2, ByteBuffer(bytes: bytes)))
                #expect(close.code == 1011, "\(name)")
                #expect(close.reason.hasPrefix("invalid_binary: "), "\(name): \(close.reason)")
            }
            #expect(await server.statistics().protocolErrors == Self.frames.count)
        }
    }

    /// Headers of every kind and with every length, over contents of a few sizes: never a trap, always an answer.
    @Test func bad_29_no_header_traps() async throws {
        try await attack(share: .alone) { server in
            var generator = SystemRandomNumberGenerator()
            for round in 0..<300 {
                let client = try await TestClient.connect(server)
                var bytes: [UInt8] = [UInt8.random(in: 0...3)]
                for _ in 0..<4 {
                    bytes.append([0, 1, 2, 254, 255, UInt8.random(in: 0...255)].randomElement(using: &generator) ?? 0)
                }
                bytes += (0..<Int.random(in: 0...1_100)).map { _ in UInt8.random(in: 0...255) }
                try await client.sendBinary(bytes)
                try await client.push(ref: "hb", topic: "phoenix", event: "heartbeat")
                // An undecodable one closes; a decodable one finds no channel.
                let frame = try await client.receive()
                switch frame {
                case .close(let code, _): #expect(code == 1011, "round \(round): \(bytes)")
                case .text, .binary: break
                default: Issue.record("round \(round): \(frame) for \(bytes)")
                }
                client.drop()
            }
        }
    }
}
