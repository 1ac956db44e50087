// Firecrest — percentiles, sizes, and which messages were lost or came twice
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("compare: figures")
struct FigureTests {
    @Test("percentiles of a hundred known times, to a thousandth")
    func countsTimes() throws {
        var histogram = LatencyHistogram()
        #expect(histogram.milliseconds(percentile: 50) == nil)
        #expect(histogram.longestMilliseconds == nil)
        for milliseconds in (1...100).shuffled() { histogram.add(.milliseconds(Int64(milliseconds))) }
        let median = try #require(histogram.milliseconds(percentile: 50))
        let late = try #require(histogram.milliseconds(percentile: 99))
        #expect(abs(median - 50) <= 0.05 && abs(late - 99) <= 0.1)
        #expect(abs(try #require(histogram.longestMilliseconds) - 100) <= 0.1)
        #expect(histogram.count == 100)
    }

    @Test("times beyond all bounds are counted at the bound, not refused")
    func boundsTimes() throws {
        var histogram = LatencyHistogram()
        histogram.add(.hours(2))
        histogram.add(.nanoseconds(-5))
        #expect(histogram.count == 2)
        #expect(try #require(histogram.longestMilliseconds) >= 599_000)
        histogram.reset()
        #expect(histogram.milliseconds(percentile: 99) == nil)
    }

    @Test("sizes of heads are exact")
    func countsSizes() {
        var sizes = SizeFigures()
        #expect(sizes.summary == nil)
        for bytes in [602, 516, 602, 602, 1_999] { sizes.add(bytes) }
        #expect(sizes.summary == SizeSummary(count: 5, smallest: 516, typical: 602, largest: 1_999))
    }

    @Test("a gap is a loss until it is filled, and what came before came twice")
    func tallies() {
        var tally = SequenceTally(after: 0)
        #expect([1, 2, 5].map { tally.arrived($0) } == [.new, .new, .new])
        #expect(tally.lost == 2)
        #expect(tally.arrived(3) == .new)
        #expect(tally.arrived(3) == .doubled)
        #expect(tally.arrived(5) == .doubled)
        #expect(tally.lost == 1)
        tally.end(at: 8)
        #expect(tally.lost == 4 && tally.last == 8)
    }

    @Test("a gap of a million numbers is remembered as a number, and not one by one")
    func boundsGaps() {
        var tally = SequenceTally(after: 0)
        #expect(tally.arrived(1_000_001) == .new)
        #expect(tally.lost == 1_000_000)
        #expect(tally.arrived(5) == .new)
        #expect(tally.lost == 999_999)
    }

    @Test("a message is as long as asked, and reads as it was written")
    func makesMessages() throws {
        for bytes in [64, 120, 16_384] {
            let message = FeedMessage(number: 7, sent: .now())
            let payload = try message.payload(bytes: bytes)
            #expect(payload.count == bytes)
            #expect(FeedMessage(parsing: payload.bytes) == message)
        }
        #expect(FeedMessage(parsing: ByteBuffer(string: #"{"n":1}"#)) == nil)
        #expect(FeedMessage(parsing: ByteBuffer(string: #"{"n":1,"t":-1}"#)) == nil)
    }
}
