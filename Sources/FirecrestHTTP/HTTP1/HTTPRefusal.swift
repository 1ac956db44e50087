// Firecrest — an answer that says no, and why.
// SPDX-License-Identifier: Apache-2.0

package import NIOHTTP1

/// A refused request: status, a stable code for programs, a sentence for people.
package struct HTTPRefusal: Error, Sendable {
    package var status: HTTPResponseStatus
    package var code: String
    /// What happened, what is expected, what to do. Never repeats bytes of the request.
    package var sentence: String
    package var headers: HTTPHeaders
    /// Phoenix answers some refusals with an empty body; the code then travels in `x-firecrest-error` alone.
    package var hasBody: Bool
    /// A body of the application's, in place of the sentence. Its `content-type` stands in `headers`, else it is plain text.
    package var body: String?
    /// Nothing that follows on the connection can be trusted.
    package var closes: Bool

    package init(
        _ status: HTTPResponseStatus, code: String, sentence: String, headers: HTTPHeaders = [:], hasBody: Bool = true,
        closes: Bool = false
    ) {
        self.status = status
        self.code = code
        self.sentence = sentence
        self.headers = headers
        self.hasBody = hasBody
        self.closes = closes
    }

    static func parseError(_ error: any Error) -> HTTPRefusal {
        if let refusal = error as? HTTPRefusal { return refusal }
        return switch error as? HTTPParserError {
        case .headerOverflow:
            HTTPRefusal(
                .requestHeaderFieldsTooLarge, code: "header_too_large",
                sentence: "The request's header fields pass the limit; send fewer or shorter ones.",
                closes: true)
        default:
            HTTPRefusal(
                .badRequest, code: "malformed_request", sentence: "The request is not well-formed HTTP/1.1.",
                closes: true)
        }
    }

    static let targetTooLong = HTTPRefusal(
        .uriTooLong, code: "target_too_long", sentence: "The request's target passes the limit; send a shorter one.",
        closes: true)
    static let tooManyConnections = HTTPRefusal(
        .serviceUnavailable, code: "too_many_connections",
        sentence: "The server holds as many connections as it may; try again later.", headers: ["retry-after": "5"],
        closes: true)
    static let tooManyConnectionsFromAddress = HTTPRefusal(
        .tooManyRequests, code: "too_many_connections_from_address",
        sentence: "This address holds as many connections as it may; close one of them first.",
        headers: ["retry-after": "5"], closes: true)
    /// New sockets only: what is open goes on until its turn comes.
    package static let draining = HTTPRefusal(
        .serviceUnavailable, code: "draining",
        sentence: "The server is about to stop or to be replaced; connect again.", headers: ["retry-after": "1"],
        closes: true)
    static let outOfDescriptors = HTTPRefusal(
        .serviceUnavailable, code: "out_of_descriptors",
        sentence: "The server has no descriptor left for a connection; try again later.",
        headers: ["retry-after": "5"], closes: true)
    static let bodyTooLarge = HTTPRefusal(
        .payloadTooLarge, code: "body_too_large", sentence: "The request body passes the limit; send a smaller one.",
        closes: true)
    static let headerTimeout = HTTPRefusal(
        .requestTimeout, code: "header_timeout", sentence: "The request's headers did not arrive in time.",
        closes: true)
    static let bodyTimeout = HTTPRefusal(
        .requestTimeout, code: "body_timeout", sentence: "The request's body stopped arriving.", closes: true)
    static let notUpgradable = HTTPRefusal(
        .badRequest, code: "upgrade_with_body", sentence: "A WebSocket upgrade must not carry a body.", closes: true)
}
