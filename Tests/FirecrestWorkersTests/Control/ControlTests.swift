// Firecrest — messages and descriptors between the supervising process and a worker.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import Testing

@testable import FirecrestWorkers

struct ControlTests {
    private let welcome = Welcome(
        slot: 3, life: 17, count: 4, addresses: ["127.0.0.1:4000", "[::1]:80"], hubPath: "/run/hub", hubKey: "é",
        secret: String(repeating: "s", count: 128))

    @Test func orders_and_reports_as_bytes_and_back() {
        for order in [Order.welcome(welcome), .connection(listener: 0), .connection(listener: 255), .last] {
            #expect(ControlCoding.order(ControlCoding.encode(order)) == order)
        }
        let reports = [
            Report.ready, .load(settled: 1 << 40, open: 0, capacity: 20_000), .stopping,
            .stuck(loop: 1, milliseconds: 10_000, code: "room:1 new_msg"),
        ]
        for report in reports { #expect(ControlCoding.report(ControlCoding.encode(report)) == report) }
    }

    @Test func what_is_cut_short_or_of_another_version_is_nothing() {
        let bytes = ControlCoding.encode(.welcome(welcome))
        for length in 0..<bytes.readableBytes {
            #expect(ControlCoding.order(bytes.getSlice(at: 0, length: length) ?? ByteBuffer()) == nil)
        }
        var newer = bytes
        newer.setInteger(ControlCoding.version + 1, at: 1)
        #expect(ControlCoding.order(newer) == nil)
        #expect(ControlCoding.order(ByteBuffer(bytes: [9])) == nil)
        #expect(ControlCoding.report(ByteBuffer(bytes: [1, 0, 0])) == nil)
        // A count of addresses beyond all reason.
        var many = bytes
        many.setInteger(UInt64.max, at: 26)
        #expect(ControlCoding.order(many) == nil)
    }

    @Test func messages_keep_their_borders_and_descriptors_their_message() throws {
        let (one, other) = try ControlSocket.pair()
        defer { for end in [one, other] { end.close() } }
        var pipeEnds: [CInt] = [0, 0]
        try #require(pipe(&pipeEnds) == 0)
        guard case .done = one.send(ByteBuffer(string: "first")),
            case .done = one.send(ByteBuffer(string: "second"), passing: pipeEnds[1])
        else {
            Issue.record("nothing could be sent")
            return
        }
        close(pipeEnds[1])
        guard case .message(let first, passed: nil) = other.receive(),
            case .message(let second, passed: let passed?) = other.receive()
        else {
            Issue.record("two messages were expected, the second with a descriptor")
            return
        }
        #expect((String(buffer: first), String(buffer: second)) == ("first", "second"))
        #expect(write(passed, "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(read(pipeEnds[0], &byte, 1) == 1 && byte == UInt8(ascii: "x"))
        #expect(fcntl(passed, F_GETFD) & FD_CLOEXEC != 0)
        for descriptor in [passed, pipeEnds[0]] { close(descriptor) }
        guard case .nothing = other.receive() else {
            Issue.record("nothing more was sent")
            return
        }
    }

    @Test func an_end_that_does_not_read_is_full_at_some_time_and_one_that_is_gone_is_over() throws {
        let (one, other) = try ControlSocket.pair()
        defer { one.close() }
        var sent = 0
        while case .done = one.send(ByteBuffer(repeating: 0, count: 1_000)) { sent += 1 }
        #expect((1...10_000).contains(sent))
        guard case .full = one.send(ByteBuffer(repeating: 0, count: 1_000)) else {
            Issue.record("it should say that it is full")
            return
        }
        other.close()
        guard case .over = one.send(ByteBuffer(string: "x")) else {
            Issue.record("it should say that the other end is gone")
            return
        }
    }
}
