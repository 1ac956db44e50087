// Firecrest — what all event streams of a mount share.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import NIOCore
internal import NIOHTTP1

/// Made once per mount. A reference, so that a stream holds eight bytes of it.
final class EventStreamSettings: Sendable {
    let parameters: StreamParameters
    /// The line that tells a browser when to come back.
    let retry: ByteBuffer

    init(_ options: EventStreamOptions) {
        parameters = options.parameters
        var retry = ByteBuffer()
        retry.writeEventStreamRetry(milliseconds: TimeAmount(options.retry).nanoseconds / 1_000_000)
        self.retry = retry
    }

    static let headers: HTTPHeaders = [
        "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store",
        // nginx would hold events back until a buffer is full.
        "x-accel-buffering": "no", "access-control-allow-origin": "*",
    ]

    /// Why a one-way stream ends, as a comment: no event of the channel's, but somebody may look at it with `curl`.
    func farewell(_ code: CloseCode, _ reason: String) -> ByteBuffer {
        var comment = ByteBuffer()
        comment.writeString(": \(code.rawValue) ")
        for byte in reason.utf8 where byte >= 0x20 && byte != 0x7F { comment.writeInteger(byte) }
        comment.writeStaticString("\n\n")
        return comment
    }
}

extension LastEventID {
    init(_ id: BroadcastID) {
        self.init(epoch: id.epoch, number: id.number)
    }

    var broadcastID: BroadcastID { BroadcastID(epoch: epoch, number: number) }
}
