// Firecrest — frames of every size leave in the order in which they were sent
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite("Order of frames")
struct FrameOrderTests {
    /// Short frames share a buffer, long ones have one of their own, broadcasts are shared with others: none overtakes.
    @Test("pushes, broadcasts and replies of any size, in one tick and over many", arguments: [1, 12])
    func order(messages: Int) async throws {
        try await TestServer.run(socket("/socket", MixSocket.self)) { server in
            let client = try await TestClient.connect(server)
            #expect(try await client.join("mix:1").status == "ok")
            try await client.sendTogether(
                try (0..<messages).map { number in
                    try TestClient.message(
                        joinRef: "1", ref: .string("\(number)"), topic: "mix:1", event: "mix")
                })
            for number in 0..<messages {
                for (index, size) in MixChannel.sizes.enumerated() {
                    for event in ["pushed", "shared"] {
                        let frame = try await client.receiveMessage()
                        #expect(frame.event == .string(event))
                        #expect(frame.payload["index"]?.intValue == index)
                        #expect(frame.payload["fill"]?.stringValue?.utf8.count == size)
                    }
                }
                let reply = try await client.receiveMessage()
                #expect(reply.ref == .string("\(number)"))
                #expect(reply.status == "ok")
            }
        }
    }

    @Test("a thousand replies to one write come whole and in order")
    func pipelined() async throws {
        try await TestServer.run(socket("/socket", MixSocket.self)) { server in
            let client = try await TestClient.connect(server)
            #expect(try await client.join("mix:1").status == "ok")
            let sizes = (0..<1_000).map { $0 * 7 % 400 }
            try await client.sendTogether(
                try sizes.enumerated().map { number, size in
                    try TestClient.message(
                        joinRef: "1", ref: .string("\(number)"), topic: "mix:1", event: "echo",
                        payloadJSON: #"{"fill":"\#(String(repeating: "x", count: size))"}"#)
                })
            for (number, size) in sizes.enumerated() {
                let reply = try await client.receiveMessage()
                #expect(reply.ref == .string("\(number)"))
                #expect(reply.response?["fill"]?.stringValue?.utf8.count == size)
            }
        }
    }
}

private struct MixSocket: Socket {
    static let channels = Channels {
        channel("mix:*", MixChannel.self)
    }
}

private final class MixChannel: Channel {
    /// Around what is short, what a buffer holds, and what the channel takes.
    static let sizes = [0, 60, 90, 200, 1_990, 2_040, 2_100, 4_100, 10, 9_000, 5]

    init(topic: Topic) {}

    static var events: [Event<MixChannel>] {
        on("mix") { _, _, socket in
            for (index, size) in sizes.enumerated() {
                let payload: JSON = [
                    "index": .integer(Int64(index)), "fill": .string(String(repeating: "x", count: size)),
                ]
                socket.push("pushed", payload)
                socket.broadcast("shared", payload)
            }
            return .ok
        }
        on("echo") { _, message, _ in .ok(message) }
    }
}
