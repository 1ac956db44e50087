// Firecrest — the bodies of long poll's answers.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestWire
internal import NIOCore
internal import NIOHTTP1

enum LongPollBody {
    static let headers: HTTPHeaders = [
        "content-type": "application/json; charset=utf-8", "cache-control": "no-store",
        "access-control-allow-origin": "*",
    ]

    static func status(_ status: Int) -> ByteBuffer {
        ByteBuffer(string: #"{"status":\#(status)}"#)
    }

    static func opened(token: String) -> ByteBuffer {
        messages([], status: 410, token: token)
    }

    /// - Parameter frames: JSON strings; none is 204.
    static func messages(_ frames: [ByteBuffer], token: String) -> ByteBuffer {
        messages(frames, status: frames.isEmpty ? 204 : 200, token: token)
    }

    private static func messages(_ frames: [ByteBuffer], status: Int, token: String) -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(frames.reduce(64 + token.utf8.count) { $0 + $1.readableBytes + 1 })
        body.writeString(#"{"status":\#(status),"token":"#)
        body.writeJSONString(token)
        body.writeString(#","messages":["#)
        for (index, frame) in frames.enumerated() {
            if index > 0 { body.writeInteger(UInt8(ascii: ",")) }
            body.writeImmutableBuffer(frame)
        }
        body.writeString("]}")
        return body
    }
}

extension HTTPExchange {
    /// What happened stands in the body; the status is 200 whatever it was.
    func respond(_ body: ByteBuffer) {
        respond(.ok, headers: LongPollBody.headers, body: body)
    }

    /// A browser asks whether a page of another origin may send these headers (Fetch, "CORS-preflight request").
    func respondToPreflight() {
        var headers: HTTPHeaders = [
            "cache-control": "no-store", "access-control-allow-origin": "*",
            "access-control-allow-methods": "get, post, options", "access-control-max-age": "3600",
        ]
        let asked = request.head.headers[canonicalForm: "access-control-request-headers"]
            .map { String($0) }.filter { $0.isHTTPToken }
        if !asked.isEmpty { headers.add(name: "access-control-allow-headers", value: asked.joined(separator: ", ")) }
        headers.add(name: "content-type", value: "application/json; charset=utf-8")
        respond(.ok, headers: headers, body: ByteBuffer())
    }
}
