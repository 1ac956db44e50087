// Firecrest — fuzzes decompression: bounded whatever comes, exact at the limit, the inverse of compression.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// Settings: the limit on output in the first byte, the ratio and the deflater's window in the second.
struct InflateTarget: FuzzTarget {
    /// One for all runs, as a loop has one for all its connections: what a message leaves behind must not matter.
    nonisolated(unsafe) static let contexts = DeflateContexts()
    static var inflater: Inflater { contexts.inflater }

    func run(_ input: FuzzInput) {
        var input = input
        let sizes = input.byte()
        let ratio = Int(input.byte())
        let maxBytes = [0, 1, 100, 4_096, 65_536, Inflater.ratioFloorBytes, 200_000, 400_000][Int(sizes & 7)]
        let compressed = ByteBuffer(bytes: input.rest)
        let ratioLimit = max(compressed.readableBytes * max(ratio, 1), Inflater.ratioFloorBytes)

        let first = Self.inflate(compressed, maxBytes: maxBytes, maxRatio: ratio)
        require(
            first == Self.inflate(compressed, maxBytes: maxBytes, maxRatio: ratio), "the same bytes inflate otherwise")
        switch first {
        case .success(let output):
            let count = output.readableBytes
            require(count <= maxBytes && count <= ratioLimit, "\(count) bytes pass a limit")
            require(output.capacity <= 2 * max(min(maxBytes, ratioLimit), 256), "\(output.capacity) bytes for \(count)")
            require(
                Self.inflate(compressed, maxBytes: count, maxRatio: ratio) == first,
                "\(count) bytes do not fit a limit of \(count)")
            if count > 0 {
                let tooMany = Self.inflate(compressed, maxBytes: count - 1, maxRatio: ratio)
                require(tooMany.failure?.code == .messageTooBig, "\(count) bytes fit a limit of \(count - 1)")
            }
            if count <= 4_096 { checkRoundTrip(output, windowBits: Int(sizes >> 3)) }
        case .failure(let error):
            require([.messageTooBig, .invalidPayload].contains(error.code), "\(error)")
            require(error.reason.utf8.count <= FrameEncoder.maxReasonBytes, "the reason does not fit a close frame")
        }
        checkRoundTrip(compressed, windowBits: Int(sizes >> 3))
    }

    private func checkRoundTrip(_ plain: ByteBuffer, windowBits: Int) {
        let deflated = Self.contexts.deflater(DeflateOptions(), windowBits: windowBits)
            .deflate(plain, allocator: ByteBufferAllocator())
        let again = Self.inflate(deflated, maxBytes: plain.readableBytes, maxRatio: 100)
        require(again == .success(plain), "\(plain.readableBytes) bytes do not survive compression")
    }

    private static func inflate(
        _ bytes: ByteBuffer, maxBytes: Int, maxRatio: Int
    ) -> Result<ByteBuffer, WebSocketError> {
        Result { () throws(WebSocketError) in
            try inflater.inflate(bytes, maxBytes: maxBytes, maxRatio: maxRatio, allocator: ByteBufferAllocator())
        }
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
