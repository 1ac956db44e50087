// Firecrest — the application that is measured: one socket, one channel
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import struct NIOCore.ByteBufferAllocator

struct BenchmarkSocket: Socket {
    static var channels: Channels {
        Channels {
            channel("room:*", BenchmarkChannel.self)
        }
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns { Assigns() }
}

final class BenchmarkChannel: Channel {
    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply { .ok }

    static var events: [Event<BenchmarkChannel>] {
        on("echo") { _, message, _ in .ok(message) }
        on("new_msg") { _, message, socket in
            socket.broadcast("new_msg", message)
            return .noReply
        }
        // What scripts/bench-check --self-test expects to be found.
        on("wasteful_echo") { _, message, _ in
            for _ in 0..<10 { withExtendedLifetime(ByteBufferAllocator().buffer(capacity: 64)) {} }
            return .ok(message)
        }
    }
}
