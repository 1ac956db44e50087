// Firecrest — broadcasts to subscribers whose transport ends in a counter
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestProtocol
import FirecrestPubSub
import FirecrestWire
import Logging
import NIOCore
import NIOPosix

/// Everything between a broadcast and the connections: topics, slices, channels, sockets. What the connections do with it
/// is measured by the `fan-out` of `ServerWorkload`.
final class FanOutWorkload: RunningWorkload {
    static let all = [workload(1_000, rounds: 100), workload(10_000, rounds: 25)]

    private let endpoint: LoopbackEndpoint
    private let sockets: [LoopbackSocket]
    private let counter: NIOLoopBound<DeliveryCounter>
    private let payload: Payload

    private static func workload(_ subscribers: Int, rounds: Int) -> Workload {
        Workload(
            name: "fan-out-in-process-\(subscribers)", unit: "delivery", unitsPerRound: subscribers, rounds: rounds,
            start: { try await FanOutWorkload(subscribers: subscribers) })
    }

    private init(subscribers: Int) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        let endpoint = try LoopbackEndpoint(
            BenchmarkSocket.self, options: SocketOptions(), logger: logger, eventLoop: loop, driver: { StillClock() })
        let counter = try await loop.submit { NIOLoopBound(DeliveryCounter(), eventLoop: loop) }.get()
        let joined = Self.expect(subscribers, of: counter)
        var sockets: [LoopbackSocket] = []
        let join = ByteBuffer(string: #"["1","1","room:bench","phx_join",{}]"#)
        for _ in 0..<subscribers {
            let socket = try await endpoint.connect(
                ConnectParams(), ConnectInfo(transport: "benchmark"),
                transport: { CountingTransport(counter: counter.value) })
            socket.receive(join, kind: .text)
            sockets.append(socket)
        }
        try await joined.get()
        (self.endpoint, self.sockets, self.counter) = (endpoint, sockets, counter)
        payload = try Payload(["d": .string(String(repeating: "x", count: 56))] as JSON)
    }

    func run(_ rounds: Int) async throws {
        for _ in 0..<rounds {
            let reached = Self.expect(sockets.count, of: counter)
            try await counter.eventLoop.submit { [endpoint, payload] in
                try endpoint.broadcast("room:bench", "new_msg", payload)
            }.get()
            try await reached.get()
        }
    }

    func onThread<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws -> T {
        try await counter.eventLoop.submit(body).get()
    }

    /// Fulfilled when so many frames were handed to the transports.
    private static func expect(_ frames: Int, of counter: NIOLoopBound<DeliveryCounter>) -> EventLoopFuture<Void> {
        let promise = counter.eventLoop.makePromise(of: Void.self)
        counter.eventLoop.execute { counter.value.expect(frames, promise) }
        return promise.futureResult
    }
}

private final class DeliveryCounter {
    private var missing = 0
    private var promise: EventLoopPromise<Void>?
    private var bytes = 0

    func expect(_ frames: Int, _ promise: EventLoopPromise<Void>) {
        (missing, self.promise) = (frames, promise)
    }

    func count(_ frame: EncodedFrame) {
        bytes &+= frame.webSocketFrame.readableBytes
        missing -= 1
        if missing == 0 { promise?.succeed() }
    }
}

private final class CountingTransport: SocketTransport {
    let name = "benchmark"
    private let counter: DeliveryCounter

    init(counter: DeliveryCounter) {
        self.counter = counter
    }

    func send(_ frame: EncodedFrame) {
        counter.count(frame)
    }

    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        if let frame = delivery.frame(serializerIndex) { counter.count(frame) }
    }

    func close(_ code: CloseCode, reason: String) {}
    func drop() {}
    func pauseReading() {}
    func resumeReading() {}
}

/// No timer of a socket without connection falls due.
private final class StillClock: TimerDriver {
    let now = NIODeadline.uptimeNanoseconds(0)

    func wake(at deadline: NIODeadline) {}
}
