// Firecrest — a Hummingbird response as an HTTP/1.1 head.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import NIOHTTP1

extension HTTPResponseHead {
    init(_ response: Response, version: HTTPVersion, keepAlive: Bool, date: String) {
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.headers.count + 3)
        for field in response.headers {
            headers.add(name: field.name.canonicalName, value: field.value)
        }
        if !headers.contains(name: "date") { headers.add(name: "date", value: date) }
        if !keepAlive {
            headers.replaceOrAdd(name: "connection", value: "close")
        } else if version == .http1_0 {
            headers.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        self.init(
            version: version,
            status: HTTPResponseStatus(
                statusCode: response.status.code, reasonPhrase: response.status.reasonPhrase),
            headers: headers)
    }
}
