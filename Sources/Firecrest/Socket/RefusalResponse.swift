// Firecrest — the HTTP answer of an error handler.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestWire
internal import NIOHTTP1

/// A whole HTTP response, for example 429 with a `retry-after`.
public struct RefusalResponse: Sendable {
    /// 200 ... 599, without 204, 205 and 304, which carry no body. Anything else is answered as 403, and logged.
    public var status: Int
    /// `content-type` is `text/plain` unless it stands here. The fields that say where the response ends are written by
    /// the server and ignored here, as is a field whose name or value no HTTP header can carry.
    public var headers: [(name: String, value: String)]
    public var body: String

    public init(status: Int, headers: KeyValuePairs<String, String> = [:], body: String = "") {
        self.status = status
        self.headers = headers.map { (name: $0.key, value: $0.value) }
        self.body = body
    }

    private static let framing = ["connection", "content-length", "date", "transfer-encoding", "upgrade", "trailer"]

    var isSendable: Bool { (200...599).contains(status) && ![204, 205, 304].contains(status) }

    /// The answer with the code that every refusal by `connect` has.
    var refusal: HTTPRefusal {
        var fields = HTTPHeaders()
        for (name, value) in headers
        where name.isHTTPToken && value.isHTTPFieldValue && !Self.framing.contains(name.lowercased()) {
            fields.add(name: name, value: value)
        }
        var refusal = HTTPRefusal(
            HTTPResponseStatus(statusCode: status), code: "connect_refused",
            sentence: "This client may not connect.", headers: fields, hasBody: false)
        refusal.body = body
        return refusal
    }
}

extension String {
    /// No control characters but tabs (RFC 9110 §5.5).
    var isHTTPFieldValue: Bool {
        utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
