// Firecrest — the answer to a short poll, as JSON.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire
internal import NIOCore
internal import NIOHTTP1

/// `{"messages":[{"id":…,"event":…,"payload":…}],"after":…,"retry_ms":…,"missed":…}`.
struct PollAnswer {
    let answer: RecentAnswer
    let interval: Duration

    private var cursor: String { LastEventID(answer.cursor).description }

    /// Whether the client has just this, as it says itself (RFC 9110 §13.1.2, by the weak comparison).
    func isKnown(to headers: HTTPHeaders) -> Bool {
        headers[canonicalForm: "if-none-match"].contains { tag in
            tag == "*" || tag == "\"\(cursor)\"" || tag == "W/\"\(cursor)\""
        }
    }

    var headers: HTTPHeaders {
        [
            "etag": "\"\(cursor)\"", "cache-control": "no-cache", "access-control-allow-origin": "*",
            "access-control-expose-headers": "etag",
        ]
    }

    var body: ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(answer.messages.reduce(128) { $0 + $1.payload.count + $1.event.utf8.count + 96 })
        body.writeStaticString("{\"messages\":[")
        for (index, message) in answer.messages.enumerated() {
            body.writeString(index == 0 ? "{\"id\":" : ",{\"id\":")
            body.writeJSONString(LastEventID(message.id).description)
            body.writeStaticString(",\"event\":")
            body.writeJSONString(message.event)
            if message.payload.kind == .json {
                body.writeStaticString(",\"payload\":")
                body.writeImmutableBuffer(message.payload.bytes)
                body.writeStaticString("}")
            } else {
                body.writeStaticString(",\"payload_base64\":\"")
                body.writeBase64(message.payload.bytes.readableBytesUInt8Span)
                body.writeStaticString("\"}")
            }
        }
        body.writeStaticString("],\"after\":")
        body.writeJSONString(cursor)
        body.writeString(",\"retry_ms\":\(TimeAmount(interval).nanoseconds / 1_000_000)")
        body.writeString(",\"missed\":\(answer.isMissing)}")
        return body
    }
}
