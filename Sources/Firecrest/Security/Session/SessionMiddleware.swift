// Firecrest — gives Hummingbird routes the session that sockets see.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import Hummingbird
internal import Logging
internal import NIOCore

/// Gives routes the session that sockets get with `.session(…)`, reads and writes its cookie, and keeps foreign pages from
/// changing anything: a request with another method than GET, HEAD and OPTIONS must bring the session's CSRF token, in the
/// header `x-csrf-token` or as `_csrf_token` in a form (`application/x-www-form-urlencoded`), as with Plug.CSRFProtection.
///
/// ```swift
/// let router = Router()
/// router.add(middleware: try SessionMiddleware(session))
/// router.get("/page") { _, context in page(csrfToken: try context.requireSession().csrfToken) }
/// ```
///
/// The cookie is written when something was changed, and only then. A cookie that does not verify is no session, and no
/// error.
public struct SessionMiddleware<Context: RequestContext>: RouterMiddleware {
    private let cookies: SessionCookies
    private let checksCSRF: Bool
    private let maxFormBytes: Int
    static var defaultMaxFormBytes: Int { 1_000_000 }

    /// - Parameters:
    ///   - options: as sockets have them, with `secretKeyBase`.
    ///   - checkCSRF: whether requests that change something need the token. Defaults to true. Switch it off only for routes
    ///     that no browser uses with its cookies.
    ///   - maxFormBytes: the largest form that is read to find the token in it. A larger one is answered 413. nil, the
    ///     default: 1,000,000, as Plug's parser of forms.
    /// - Throws: `OptionError` for a wrong option.
    public init(_ options: SessionOptions, checkCSRF: Bool = true, maxFormBytes: Int? = nil) throws(OptionError) {
        let check = OptionCheck(owner: "the session \(options.key)")
        if let (name, sentence) = options.problem { try check.expect(false, name, sentence) }
        self.maxFormBytes = maxFormBytes ?? Self.defaultMaxFormBytes
        try check.limit("maxFormBytes", self.maxFormBytes, "bytes")
        guard let cookies = SessionCookies(options) else {
            throw OptionError(.malformed, option: "keys of the session \(options.key)", sentence: "make no key")
        }
        self.cookies = cookies
        checksCSRF = checkCSRF
    }

    /// On the loop of the request's connection, as its task prefers.
    @concurrent public func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var request = request
        let cookie = CookieHeader.value(of: cookies.options.key, in: request.headers[values: .cookie])
        let known = cookie.flatMap { cookies.read($0) }
        let session = RequestSession(known ?? Session(), csrfTokenKey: cookies.options.csrfTokenKey)
        if checksCSRF, try await !isAllowed(&request, session) {
            return Response(
                status: .forbidden,
                headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(
                        string: #"{"code":"invalid_csrf_token","error":"The CSRF token is missing or not valid."}"#)))
        }
        var response = try await RequestSession.$current.withValue(session) { [request] in
            try await next(request, context)
        }
        if let header = setCookie(session, request, hadCookie: cookie != nil, context) {
            response.headers.append(HTTPField(name: .setCookie, value: header))
        }
        return response
    }

    private func setCookie(
        _ session: RequestSession, _ request: Request, hadCookie: Bool, _ context: Context
    ) -> String? {
        let overTLS = request.head.scheme == "https"
        let (values, change) = session.outcome
        switch change {
        case .none: return nil
        case .drop: return hadCookie ? cookies.options.deleteCookie(overTLS: overTLS) : nil
        case .write:
            guard let value = cookies.write(values) else {
                context.logger.error(
                    "A session is too large for a cookie, and was not written.",
                    metadata: ["session": "\(cookies.options.key)", "limit": "\(SessionOptions.maxCookieBytes)"])
                return nil
            }
            return cookies.options.setCookie(value, overTLS: overTLS)
        }
    }

    // MARK: CSRF

    private func isAllowed(_ request: inout Request, _ session: RequestSession) async throws -> Bool {
        switch request.method {
        case .get, .head, .options: return true
        default: break
        }
        if let name = HTTPField.Name("x-csrf-token"), session.isValid(csrfToken: request.headers[name]) { return true }
        let type = request.headers[.contentType]?.lowercased() ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded") else { return false }
        // Kept for the route.
        let form = try await request.collectBody(upTo: maxFormBytes)
        let fields = try? QueryDecoder.decode(Substring(String(buffer: form)))
        return session.isValid(csrfToken: fields?.string("_csrf_token"))
    }
}
