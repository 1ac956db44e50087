// Firecrest — the session of one HTTP request, as a route reads and changes it.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
public import Hummingbird
internal import NIOConcurrencyHelpers

/// The session of a request that goes through `SessionMiddleware`.
///
/// ```swift
/// router.post("/login") { request, context in
///     let session = try context.requireSession()
///     session.renew()
///     session["user_id"] = 42
///     return Response(status: .noContent)
/// }
/// ```
///
/// What is changed is written into the answer's cookie, once the route has returned its response; what the body does while it
/// is sent comes too late.
///
/// Isolation: `Sendable`; changes are safe from any thread, and one route's are in its own request only.
public final class RequestSession: Sendable {
    enum Change: Sendable {
        case none, write, drop
    }

    private struct State {
        var session: Session
        var change = Change.none
        var maskedToken: String?
    }

    @TaskLocal static var current: RequestSession?

    private let state: NIOLockedValueBox<State>
    private let csrfTokenKey: String

    init(_ session: Session, csrfTokenKey: String) {
        state = NIOLockedValueBox(State(session: session))
        self.csrfTokenKey = csrfTokenKey
    }

    /// All values.
    public var values: Session { state.withLockedValue(\.session) }

    /// One value; nil when there is none. Setting nil removes it.
    public subscript(key: String) -> JSON? {
        get { values[key] }
        set { change { $0[key] = newValue } }
    }

    /// Changes the values. The cookie is written even when nothing is different afterwards.
    public func change<Result>(_ body: (inout Session) throws -> Result) rethrows -> Result {
        try state.withLockedValue { state in
            state.change = .write
            return try body(&state.session)
        }
    }

    /// Removes all values; the cookie stays, empty (Plug's `clear_session`).
    public func clear() {
        change { $0 = Session() }
    }

    /// Removes all values and the cookie (Plug's `configure_session(drop: true)`). What is set afterwards is written again.
    public func drop() {
        state.withLockedValue { state in
            state.session = Session()
            state.change = .drop
            state.maskedToken = nil
        }
    }

    /// Writes the cookie anew, and with another CSRF token: to be called when somebody logs in, so that nothing that an
    /// attacker may have known of the session before is of use.
    public func renew() {
        state.withLockedValue { state in
            state.session[csrfTokenKey] = nil
            state.maskedToken = nil
            state.change = .write
        }
    }

    /// The CSRF token for this request's page: a meta tag, a form's `_csrf_token`, phoenix.js's `params: {_csrf_token: …}`.
    /// The session gets one when it has none.
    public var csrfToken: String {
        state.withLockedValue { state in
            if let masked = state.maskedToken { return masked }
            if let masked = state.session.bytes(csrfTokenKey).flatMap(CSRFToken.masked) {
                state.maskedToken = masked
                return masked
            }
            let token = CSRFToken.make()
            state.session[csrfTokenKey] = .string(token)
            state.change = .write
            let masked = CSRFToken.masked(Array(token.utf8)) ?? ""
            state.maskedToken = masked
            return masked
        }
    }

    func isValid(csrfToken: String?) -> Bool {
        CSRFToken.isValid(csrfToken, for: values.bytes(csrfTokenKey))
    }

    var outcome: (session: Session, change: Change) {
        state.withLockedValue { ($0.session, $0.change) }
    }
}

extension RequestContext {
    /// The session of the request that is being answered; nil when no `SessionMiddleware` stands before the route. Any
    /// context type has it: it is kept with the request's task, and is there in the tasks that the route starts as children.
    public var session: RequestSession? { RequestSession.current }

    /// - Throws: 500 when no `SessionMiddleware` stands before the route.
    public func requireSession() throws -> RequestSession {
        guard let session else {
            throw HTTPError(.internalServerError, message: "there is no SessionMiddleware before this route")
        }
        return session
    }
}
