// Firecrest — where a session is kept, and how its cookie is made.
// SPDX-License-Identifier: Apache-2.0

/// A session kept in a cookie, in the format of Plug's cookie store: with the options of an Elixir application (the
/// `@session_options` of its endpoint) its sessions are read and written here too.
///
/// ```swift
/// let session = SessionOptions(key: "_chat_key", signingSalt: "Wn2mTiYL") { $0.sameSite = .lax }
/// ```
public struct SessionOptions: Sendable, Hashable {
    public enum SameSite: String, Sendable, Hashable {
        case strict = "Strict"
        case lax = "Lax"
        case none = "None"
    }

    /// Largest cookie that is read or written, in bytes of its value. Browsers keep none of more than 4,096, with its name
    /// and attributes.
    public static let maxCookieBytes = 4_096
    /// Deepest nesting of a session.
    public static let maxDepth = 64

    /// The cookie's name: a token (RFC 6265 §4.1.1).
    public var key: String
    /// The salt of the signature. No secret.
    public var signingSalt: String
    /// The salt of the encryption; nil, the default: the session is signed, and its owner can read it.
    public var encryptionSalt: String?
    /// At least 64 bytes. nil, the default: the endpoint's, for `connect`; `SessionMiddleware` needs one.
    public var secretKeyBase: String?
    /// How keys are derived; as the other side has it.
    public var keys = TokenKeyOptions()
    /// The session's key of the CSRF token. Defaults to `_csrf_token`, as Plug. What clients send it as is always
    /// `_csrf_token`.
    public var csrfTokenKey = "_csrf_token"

    /// How long browsers keep the cookie. nil, the default, as Plug: until they are closed. The session itself does not end
    /// with it: keep a date in it for that.
    public var maxAge: Duration?
    /// Which paths the browser sends the cookie to. Defaults to `/`.
    public var path = "/"
    /// Which hosts the browser sends the cookie to. nil, the default: the one that set it.
    public var domain: String?
    /// Whether scripts of the page are kept from the cookie. Defaults to true.
    public var isHTTPOnly = true
    /// Whether the browser sends the cookie over TLS only. nil, the default, as Plug: when the request that it is set by came
    /// over TLS.
    public var isSecure: Bool?
    /// Whether other sites' pages make the browser send the cookie. Defaults to `.lax`: with links they do, with forms and
    /// sockets not. nil: nothing is said, which browsers take for `Lax` or `None`.
    public var sameSite: SameSite? = .lax

    public init(
        key: String, signingSalt: String, encryptionSalt: String? = nil, secretKeyBase: String? = nil,
        configure: (inout SessionOptions) -> Void = { _ in }
    ) {
        self.key = key
        self.signingSalt = signingSalt
        self.encryptionSalt = encryptionSalt
        self.secretKeyBase = secretKeyBase
        configure(&self)
    }

    /// What is wrong with these options; nil when nothing is.
    package var problem: (option: String, sentence: String)? {
        if !key.isHTTPToken { return ("key", "is \"\(key)\"; it must be a token: letters, digits and !#$%&'*+-.^_`|~") }
        if signingSalt.isEmpty { return ("signingSalt", "is empty") }
        if encryptionSalt?.isEmpty == true {
            return ("encryptionSalt", "is empty; nil means that nothing is encrypted")
        }
        guard let secretKeyBase else { return ("secretKeyBase", "is given neither here nor to the endpoint") }
        if secretKeyBase.utf8.count < 64 {
            return (
                "secretKeyBase", "has \(secretKeyBase.utf8.count) bytes; it must have at least 64, chosen at random"
            )
        }
        if !keys.isUsable { return ("keys", "have \(keys.iterations) iterations and \(keys.length) bytes") }
        if encryptionSalt != nil, keys.length != 32 { return ("keys", "must have 32 bytes for encryption") }
        let isAttribute = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") }
        }
        if !isAttribute(path) || !path.hasPrefix("/") { return ("path", "is \"\(path)\"; it must begin with /") }
        if let domain, domain.isEmpty || !isAttribute(domain) { return ("domain", "is \"\(domain)\"") }
        if sameSite == SameSite.none, isSecure != true {
            return ("sameSite", "is none, which browsers take with isSecure only")
        }
        return nil
    }
}
