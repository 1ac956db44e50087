// Firecrest — tests of calls between nodes: each ends once, whatever is lost on the way.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import Testing

@testable import Firecrest

@Suite struct NodeCallsTests {
    private let network = TestNode.Network()
    private let here: TestNode
    private let there: TestNode

    init() {
        here = TestNode("here", on: network)
        there = TestNode("there", on: network)
    }

    /// How calls ended.
    private final class Ends {
        var all: [String] = []

        func note(_ end: NodeCallEnd) {
            switch end {
            case .answer(let body): all.append(String(buffer: body))
            case .nobody: all.append("nobody")
            case .lost: all.append("lost")
            }
        }
    }

    private func call(_ body: String, _ ends: Ends, _ to: TestNode? = nil) -> UInt64? {
        here.calls.call(
            (to ?? there).calls.home, ByteBuffer(string: body), takenWithin: .seconds(2), answeredWithin: .seconds(10),
            ended: ends.note)
    }

    private func answerAtOnce() {
        there.calls.onCall = { call, body in
            call.answer(ByteBuffer(string: "re: " + String(buffer: body)))
            return true
        }
    }

    /// Takes calls and keeps them.
    private func keepCalls() -> () -> [ServedNodeCall] {
        final class Kept { var all: [ServedNodeCall] = [] }
        let kept = Kept()
        there.calls.onCall = { call, _ in
            kept.all.append(call)
            return true
        }
        return { kept.all }
    }

    @Test func a_call_is_answered() throws {
        answerAtOnce()
        let ends = Ends()
        #expect(call("a", ends) != nil)
        #expect(call("b", ends) != nil)
        #expect(ends.all == [])
        try TestNode.settle(here, there)
        #expect(ends.all == ["re: a", "re: b"])
        #expect(here.calls.openCalls == (0, 0))
        #expect(there.calls.openCalls == (0, 0))
    }

    @Test func an_answer_may_take_longer_than_the_first_sign() throws {
        let kept = keepCalls()
        let ends = Ends()
        _ = call("a", ends)
        try TestNode.settle(here, there)
        here.advance(.seconds(9))
        #expect(ends.all == [])
        try #require(kept().first).answer(ByteBuffer(string: "late"))
        // Nothing but the first counts.
        try #require(kept().first).answer(ByteBuffer(string: "later"))
        try TestNode.settle(here, there)
        #expect(ends.all == ["late"])
        here.advance(.seconds(60))
        #expect(ends.all == ["late"])
    }

    @Test func a_call_that_nobody_gets_ends_in_time() throws {
        let ends = Ends()
        _ = call("a", ends)
        network.loseAll()
        here.advance(.milliseconds(1_990))
        #expect(ends.all == [])
        here.advance(.milliseconds(20))
        #expect(ends.all == ["nobody"])
        #expect(here.context.statistics.nodeCallsUnanswered == 1)
        // A node that gets it after all is told that it is over.
        #expect(network.loseAll() == 1)
    }

    @Test func a_call_whose_answer_is_lost_ends_in_time_and_is_cancelled() throws {
        let kept = keepCalls()
        let ends = Ends()
        _ = call("a", ends)
        try TestNode.settle(here, there)
        var cancelled = 0
        try #require(kept().first).onCancelled = { cancelled += 1 }
        here.advance(.seconds(11))
        #expect(ends.all == ["lost"])
        try TestNode.settle(here, there)
        #expect(cancelled == 1)
        #expect(there.calls.openCalls == (0, 0))
        try #require(kept().first).answer(ByteBuffer(string: "too late"))
        try TestNode.settle(here, there)
        #expect(ends.all == ["lost"])
    }

    @Test func a_call_can_be_cancelled() throws {
        let kept = keepCalls()
        let ends = Ends()
        let number = try #require(call("a", ends))
        try TestNode.settle(here, there)
        var cancelled = 0
        try #require(kept().first).onCancelled = { cancelled += 1 }
        here.calls.cancel(number)
        here.calls.cancel(number)
        try TestNode.settle(here, there)
        #expect(cancelled == 1)
        #expect(ends.all == [])
        #expect(here.calls.openCalls == (0, 0))
        here.advance(.seconds(60))
        #expect(ends.all == [])
    }

    @Test func a_call_that_cannot_be_sent_ends_at_once() {
        network.isDown = true
        let ends = Ends()
        #expect(call("a", ends) == nil)
        #expect(ends.all == ["nobody"])
        #expect(here.calls.openCalls == (0, 0))
    }

    @Test func a_node_that_is_not_there_is_nobody() throws {
        answerAtOnce()
        let ends = Ends()
        let nowhere = LoopPlace(node: NodeTag("nowhere"), loop: 0)
        _ = here.calls.call(
            nowhere, ByteBuffer(), takenWithin: .seconds(2), answeredWithin: .seconds(10), ended: ends.note)
        let otherLoop = LoopPlace(node: there.calls.home.node, loop: 1)
        _ = here.calls.call(
            otherLoop, ByteBuffer(), takenWithin: .seconds(2), answeredWithin: .seconds(10), ended: ends.note)
        try TestNode.settle(here, there)
        here.advance(.seconds(3))
        #expect(ends.all == ["nobody", "nobody"])
    }

    @Test func limit_maxOpenCalls() throws {
        let network = TestNode.Network()
        let asker = TestNode("asker", on: network, maxOpenCalls: 3)
        let busy = TestNode("busy", on: network, maxOpenCalls: 2)
        busy.calls.onCall = { _, _ in true }
        let ends = Ends()
        let numbers = (0..<4).map { _ in
            asker.calls.call(
                busy.calls.home, ByteBuffer(), takenWithin: .seconds(2), answeredWithin: .seconds(10),
                ended: ends.note)
        }
        // The fourth is one too many for who asks, the third for who answers.
        #expect(numbers.map { $0 != nil } == [true, true, true, false])
        #expect(ends.all == ["nobody"])
        try TestNode.settle(asker, busy)
        #expect(busy.calls.openCalls.serving == 2)
        #expect(busy.context.statistics.nodeMessagesDropped == 1)
        asker.advance(.seconds(3))
        #expect(ends.all == ["nobody", "nobody"])
        #expect(asker.calls.openCalls.waiting == 2)
    }

    @Test func notices_arrive() throws {
        var heard: [String] = []
        there.calls.onNotice = { _, body in
            heard.append(String(buffer: body))
            return true
        }
        here.calls.notify(there.calls.home, ByteBuffer(string: "a"))
        here.calls.notify(there.calls.home, ByteBuffer(string: "b"))
        try TestNode.settle(here, there)
        #expect(heard == ["a", "b"])
    }

    // MARK: what does not belong

    private func send(_ bytes: ByteBuffer, from sender: TestNode, to receiver: TestNode) throws {
        try sender.pubSub.sendToNodes(topic: receiver.calls.home.topic, event: "message", payload: .binary(bytes))
        try TestNode.settle(here, there)
    }

    @Test func an_answer_of_somebody_else_is_none() throws {
        let ends = Ends()
        let number = try #require(call("a", ends))
        network.loseAll()
        for kind in [NodeMessage.Kind.answer, .taken] {
            let stranger = LoopPlace(node: NodeTag("stranger"), loop: 0)
            try send(NodeMessage(kind: kind, number: number, from: stranger).encoded(), from: there, to: here)
        }
        // A number that was never given.
        let wrong = NodeMessage(kind: .answer, number: number &+ 1, from: there.calls.home)
        try send(wrong.encoded(), from: there, to: here)
        #expect(ends.all == [])
        here.advance(.seconds(3))
        #expect(ends.all == ["nobody"])
    }

    @Test func a_call_that_comes_twice_is_served_once() throws {
        let kept = keepCalls()
        let message = NodeMessage(kind: .call, number: 7, from: here.calls.home)
        try send(message.encoded(), from: here, to: there)
        try send(message.encoded(), from: here, to: there)
        #expect(kept().count == 1)
        #expect(there.context.statistics.nodeMessagesDropped == 1)
    }

    @Test func what_cannot_be_read_is_dropped_and_counted() throws {
        there.calls.onCall = { _, _ in false }
        there.calls.onNotice = { _, _ in false }
        var generator = SystemRandomNumberGenerator()
        var dropped = 0
        for length in 0..<200 {
            var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Half of them get further than the version.
            if length.isMultiple(of: 2), let first = bytes.indices.first { bytes[first] = 1 }
            let readable = NodeMessage(decoding: ByteBuffer(bytes: bytes)).map(\.kind)
            if readable == nil || readable == .call || readable == .notice { dropped += 1 }
            try send(ByteBuffer(bytes: bytes), from: here, to: there)
        }
        try there.pubSub.receive(
            BroadcastRecord(
                topic: there.calls.home.topic, event: "message", payload: .empty, node: "x", messageID: 1, except: nil
            ).encoded())
        there.run()
        #expect(there.context.statistics.nodeMessagesDropped == dropped + 1)
        #expect(there.calls.openCalls == (0, 0))
    }

    @Test(arguments: NodeMessage.Kind.allCases)
    func a_message_comes_back_as_it_was(_ kind: NodeMessage.Kind) throws {
        var message = NodeMessage(
            kind: kind, number: .max - 1, from: LoopPlace(node: NodeTag(rawValue: 0x0102_0304), loop: 513))
        if kind != .cancel, kind != .taken { message.body = ByteBuffer(string: "body") }
        let bytes = message.encoded()
        #expect(NodeMessage(decoding: bytes) == message)
        for length in 0..<20 {
            #expect(NodeMessage(decoding: try #require(bytes.getSlice(at: 0, length: length))) == nil)
        }
        for version: UInt8 in [0, 2, 255] {
            var other = bytes
            other.setInteger(version, at: 0)
            #expect(NodeMessage(decoding: other) == nil)
        }
        var other = bytes
        other.setInteger(UInt8(NodeMessage.Kind.allCases.count), at: 1)
        #expect(NodeMessage(decoding: other) == nil)
    }

    @Test func every_loop_has_a_topic_that_no_client_can_join() {
        let place = LoopPlace(node: NodeTag(rawValue: 0xAB), loop: 3)
        #expect(place.topic == "__sessions:00000000000000ab:3")
    }
}
