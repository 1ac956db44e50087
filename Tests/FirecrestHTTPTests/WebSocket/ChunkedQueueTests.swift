// Firecrest — tests of the queue that grows in chunks.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestHTTP

@Suite struct ChunkedQueueTests {
    /// Against an array.
    @Test(arguments: 0..<10 as Range<UInt64>)
    func any_sequence_agrees_with_an_array(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = ChunkedQueue<Int>()
        var model: [Int] = []
        for step in 0..<20_000 {
            // Grows for a while, then shrinks.
            switch Int.random(in: 0..<(step / 2_000 % 2 == 0 ? 10 : 20), using: &random) {
            case 0...5:
                queue.append(step)
                model.append(step)
            case 6:
                queue.prepend(step)
                model.insert(step, at: 0)
            case 7 where !model.isEmpty:
                let index = Int.random(in: 0..<model.count, using: &random)
                queue[index] = -step
                model[index] = -step
            case 8 where step % 50 == 0:
                queue.removeAll { $0 % 3 == 0 }
                model.removeAll { $0 % 3 == 0 }
            default:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            #expect(queue.count == model.count)
            if !model.isEmpty {
                let index = Int.random(in: 0..<model.count, using: &random)
                #expect(queue[index] == model[index])
            }
        }
        #expect((0..<queue.count).map { queue[$0] } == model)
    }
}
