// Firecrest — reading and writing frames: our codec, and that of NIOWebSocket
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import NIOEmbedded
import NIOWebSocket

/// Decoding: a read of masked binary frames, as a client sends them, down to the unmasked payload. Encoding: a server's
/// frame around a payload, ready to be written.
///
/// NIOWebSocket's codec works only in a channel's pipeline, so a pipeline with nothing else in it is part of its figures.
/// Its decoder leaves unmasking to whoever reads a frame, so that is done too. Ours also validates the UTF-8 of text, which
/// is the workload `decode-text`.
final class CodecWorkload: RunningWorkload {
    static let all = [
        decoder("decode-64", frames: 64, bytes: 64, rounds: 200) { OurDecoder(opcode: .binary) },
        decoder("decode-text-64", frames: 64, bytes: 64, rounds: 200, opcode: .text) { OurDecoder(opcode: .text) },
        decoder("decode-64KiB", frames: 1, bytes: 65_536, rounds: 100) { OurDecoder(opcode: .binary) },
        decoder("decode-64-nio", frames: 64, bytes: 64, rounds: 200) { try NIODecoder() },
        decoder("decode-64KiB-nio", frames: 1, bytes: 65_536, rounds: 20) { try NIODecoder() },
        encoder("encode-64", bytes: 64, rounds: 10_000) { OurEncoder() },
        encoder("encode-64KiB", bytes: 65_536, rounds: 500) { OurEncoder() },
        encoder("encode-64-nio", bytes: 64, rounds: 2_000) { try NIOEncoder() },
        encoder("encode-64KiB-nio", bytes: 65_536, rounds: 500) { try NIOEncoder() },
    ]

    private let input: ByteBuffer
    private let expected: Int
    private let codec: any Codec

    private init(input: ByteBuffer, expected: Int, codec: any Codec) {
        (self.input, self.expected, self.codec) = (input, expected, codec)
    }

    private static func decoder(
        _ name: String, frames: Int, bytes: Int, rounds: Int, opcode: Opcode = .binary,
        _ make: @escaping @Sendable () throws -> any Codec
    ) -> Workload {
        Workload(
            name: name, unit: "frame", unitsPerRound: frames, rounds: rounds,
            start: {
                let payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes)
                var read = ByteBuffer()
                for _ in 0..<frames {
                    read.writeImmutableBuffer(
                        FrameEncoder.frame(
                            opcode: opcode, payload: payload, allocator: ByteBufferAllocator(), maskKey: 0x37FA_213D))
                }
                return CodecWorkload(input: read, expected: frames * bytes, codec: try make())
            })
    }

    private static func encoder(
        _ name: String, bytes: Int, rounds: Int, _ make: @escaping @Sendable () throws -> any Codec
    ) -> Workload {
        Workload(
            name: name, unit: "frame", unitsPerRound: 1, rounds: rounds,
            start: {
                let payload = ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes)
                let header = FrameEncoder.headerLength(payloadLength: bytes, masked: false)
                return CodecWorkload(input: payload, expected: header + bytes, codec: try make())
            })
    }

    func run(_ rounds: Int) async throws {
        for _ in 0..<rounds {
            guard try codec.process(input) == expected else { throw BenchmarkError("bytes are missing") }
        }
    }

    func stop() async throws {
        codec.finish()
    }
}

/// What takes bytes and gives back how many came out.
private protocol Codec: AnyObject {
    func process(_ bytes: ByteBuffer) throws -> Int
    func finish()
}

extension Codec {
    func finish() {}
}

/// A read: bytes that nobody else has, since decoders unmask in place.
private func read(_ bytes: ByteBuffer) -> ByteBuffer {
    var copy = ByteBuffer()
    copy.writeBytes(bytes.readableBytesView)
    return copy
}

private final class OurDecoder: Codec {
    private var decoder = MessageDecoder(role: .server, limits: FrameLimits(), compression: nil)
    private let kind: MessageKind

    init(opcode: Opcode) {
        kind = opcode == .text ? .text : .binary
    }

    func process(_ bytes: ByteBuffer) throws -> Int {
        var input = read(bytes)
        var count = 0
        while let event = try decoder.next(&input, inflater: { Inflater() }) {
            guard case .message(kind, let payload) = event else { throw BenchmarkError("no message") }
            count += payload.readableBytes
        }
        return count
    }
}

private final class OurEncoder: Codec {
    func process(_ bytes: ByteBuffer) throws -> Int {
        FrameEncoder.frame(opcode: .binary, payload: bytes, allocator: ByteBufferAllocator()).readableBytes
    }
}

private final class NIODecoder: Codec {
    /// The end of the pipeline.
    final class FrameCounter: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        var bytes = 0

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Self.unwrapInboundIn(data).unmaskedData.readableBytes
        }
    }

    private let channel = EmbeddedChannel()
    private let counter = FrameCounter()

    init() throws {
        try channel.pipeline.syncOperations.addHandlers(
            [ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)), counter])
    }

    func process(_ bytes: ByteBuffer) throws -> Int {
        counter.bytes = 0
        try channel.writeInbound(read(bytes))
        return counter.bytes
    }

    func finish() {
        _ = try? channel.finish()
    }
}

private final class NIOEncoder: Codec {
    private let channel = EmbeddedChannel()

    init() throws {
        try channel.pipeline.syncOperations.addHandler(WebSocketFrameEncoder())
    }

    func process(_ bytes: ByteBuffer) throws -> Int {
        try channel.writeOutbound(WebSocketFrame(fin: true, opcode: .binary, data: bytes))
        var count = 0
        // A header and a payload, which the kernel would gather.
        while let part = try channel.readOutbound(as: ByteBuffer.self) { count += part.readableBytes }
        return count
    }

    func finish() {
        _ = try? channel.finish()
    }
}
