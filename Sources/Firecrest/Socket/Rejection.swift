// Firecrest — an upgrade request that is not granted, before it is decided how the client is told.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestWire
internal import NIOHTTP1

/// A refusal over HTTP, and what would be said instead by a mount that accepts first.
struct Rejection: Error {
    let http: HTTPRefusal
    /// nil: told over HTTP whatever the mount says.
    var reason: String?
    /// nil: the code that the mount says.
    var closeCode: CloseCode?

    /// - Parameter explains: whether the sentence may be said on an accepted connection.
    init(_ http: HTTPRefusal, explains: Bool = false, closeCode: CloseCode? = nil) {
        self.http = http
        self.closeCode = closeCode
        if explains { reason = http.sentence }
    }

    /// As Phoenix: an empty body; the code travels in a header.
    init(
        _ status: HTTPResponseStatus, code: String, sentence: String, explains: Bool = true,
        closeCode: CloseCode? = nil
    ) {
        self.init(
            HTTPRefusal(status, code: code, sentence: sentence, hasBody: false), explains: explains,
            closeCode: closeCode)
    }

    static func badQuery(_ failure: QueryDecoder.Failure) -> Rejection {
        switch failure.code {
        case .invalidEncoding:
            Rejection(
                HTTPRefusal(
                    .badRequest, code: "bad_query", sentence: "The query string is not percent-encoded UTF-8."))
        case .tooLong, .tooMany:
            Rejection(
                HTTPRefusal(
                    .uriTooLong, code: "query_too_long", sentence: "The query string has too many parameters."))
        }
    }

    static let originRefused = Rejection(
        .forbidden, code: "origin_refused", sentence: "Pages of this origin may not connect.", explains: false)
    static let noCommonSubprotocol = Rejection(
        .forbidden, code: "no_common_subprotocol",
        sentence: "None of the offered subprotocols is served here.", explains: false)
    static let unsupportedVersion = Rejection(
        .forbidden, code: "unsupported_vsn", sentence: "This vsn is not served.")
    static let termsNeedWebSocket = Rejection(
        HTTPRefusal(
            .forbidden, code: "unsupported_vsn",
            sentence: "This vsn is served over WebSockets only: its frames are binary."), explains: true)
    static let connectRefused = Rejection(
        .forbidden, code: "connect_refused", sentence: "This client may not connect.")
    static let connectFailed = Rejection(
        .internalServerError, code: "connect_failed", sentence: "connect failed.", closeCode: .internalError)
    static let connectTimeout = Rejection(
        HTTPRefusal(
            .serviceUnavailable, code: "connect_timeout",
            sentence: "The server did not decide in time whether this client may connect; try again later."),
        explains: true, closeCode: .tryAgainLater)

    /// - Parameter hasAnswer: whether the offer holds a subprotocol that can be answered. A browser drops the connection
    ///   otherwise.
    static func badAuthToken(hasAnswer: Bool) -> Rejection {
        Rejection(
            .forbidden, code: "bad_auth_token", sentence: "The auth token is not base64.", explains: hasAnswer)
    }
}
