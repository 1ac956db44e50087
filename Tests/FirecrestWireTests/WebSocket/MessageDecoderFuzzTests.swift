// Firecrest — random bytes at the decoder
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite("Message decoder: fuzz")
struct MessageDecoderFuzzTests {
    static let limits = FrameLimits(maxFrameBytes: 400, maxMessageBytes: 1_000, maxFragments: 8)
    static let agreement = DeflateAgreement(serverMaxWindowBits: 15, clientMaxWindowBits: 15)

    /// Frames that are mostly right, with some bits turned over.
    static func conversation(_ random: inout SplitMix) -> [UInt8] {
        var bytes: [UInt8] = []
        let opcodes: [UInt8] = [0, 0, 1, 1, 2, 8, 9, 10]
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let count = [0, 1, 3, 10, 130, 300].randomElement(using: &random) ?? 0
            let fill = UInt8.random(in: 0x20...0x80, using: &random)
            var next = frame(
                opcodes.randomElement(using: &random) ?? 1, Array(repeating: fill, count: count),
                fin: Int.random(in: 0..<4, using: &random) > 0, rsv: Int.random(in: 0..<6, using: &random) == 0 ? 4 : 0)
            if Int.random(in: 0..<3, using: &random) == 0 {
                let index = Int.random(in: 0..<min(next.count, 14), using: &random)
                next[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            bytes += next
        }
        return bytes
    }

    @Test(
        "Never traps, never holds more than twice the limit, and does not depend on how reads are cut",
        arguments: [
            WebSocketRole.server, .client,
        ])
    func neverTraps(role: WebSocketRole) {
        var random = SplitMix(state: role == .server ? 7 : 8)
        for round in 0..<4_000 {
            let bytes: [UInt8] =
                round % 4 == 0
                ? (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                : Self.conversation(&random)
            let compression = round % 2 == 0 ? Self.agreement : nil
            let whole = outcomes([bytes], role: role, limits: Self.limits, compression: compression)
            var receiver = Receiver(role, limits: Self.limits, compression: compression)
            var rest = bytes[...]
            while !rest.isEmpty {
                let read = rest.prefix(Int.random(in: 1...40, using: &random))
                rest = rest.dropFirst(read.count)
                receiver.receive(read)
                #expect(receiver.decoder.heldBytes <= 2 * Self.limits.maxMessageBytes)
            }
            #expect(receiver.outcomes == whole, "round \(round): \(bytes)")
        }
    }
}
