// Firecrest — the header that gives a session's cookie to a browser, or takes it.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FoundationEssentials

extension SessionOptions {
    /// `Set-Cookie` (RFC 6265 §4.1), with the attributes in Plug's order.
    ///
    /// - Parameter overTLS: whether the request came over TLS.
    func setCookie(_ value: String, overTLS: Bool, now: Date = Date()) -> String {
        var text = "\(key)=\(value); path=\(path)"
        if let domain { text += "; domain=\(domain)" }
        if let maxAge {
            let seconds = max(0, maxAge.components.seconds)
            let expiry = now.timeIntervalSince1970 + Double(seconds)
            text += "; expires=\(HTTPDate.format(secondsSince1970: Int64(expiry))); max-age=\(seconds)"
        }
        return text + flags(overTLS)
    }

    /// Makes the browser forget the cookie.
    func deleteCookie(overTLS: Bool) -> String {
        var text = "\(key)=; path=\(path)"
        if let domain { text += "; domain=\(domain)" }
        return text + "; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=0" + flags(overTLS)
    }

    private func flags(_ overTLS: Bool) -> String {
        (isSecure ?? overTLS ? "; secure" : "") + (isHTTPOnly ? "; HttpOnly" : "")
            + (sameSite.map { "; SameSite=\($0.rawValue)" } ?? "")
    }
}
