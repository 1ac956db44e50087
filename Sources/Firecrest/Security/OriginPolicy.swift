// Firecrest — which pages may open connections.
// SPDX-License-Identifier: Apache-2.0

/// Which origins may connect (Phoenix's `check_origin`).
///
/// Browsers let every page open a WebSocket to every server and send the user's cookies along, so the server has to ask
/// where the page came from. A request without an `Origin` header, which no browser sends, is always let through: other
/// programs can write into that header what they like, so refusing them protects nobody.
///
/// A refused origin gets 403 with an empty body.
public struct OriginPolicy: Sendable {
    enum Kind: Sendable {
        case any
        case endpointHost
        case sameAsRequest
        case list([String])
        case custom(@Sendable (Origin) -> Bool)
    }

    let kind: Kind

    /// Every page of the web may connect (Phoenix: `false`). For sockets that no cookie and no address opens.
    public static let any = OriginPolicy(kind: .any)

    /// The origin's host must be `EndpointOptions.host`; scheme and port do not matter (Phoenix: `true`). The default.
    public static let endpointHost = OriginPolicy(kind: .endpointHost)

    /// Scheme, host and port must be those of the request itself (Phoenix: `:conn`). Right for a server that has its own
    /// page and is reached under many names. The host is what the client asked for, so a server that only its network
    /// protects should name its hosts instead (DNS rebinding); behind a proxy that ends TLS, too, since the request
    /// that arrives is `http`.
    public static let sameAsRequest = OriginPolicy(kind: .sameAsRequest)

    /// One of these must match. `https://example.com` is that scheme, host and port 443; `//example.com` any scheme and
    /// port; `//example.com:888` any scheme; `//*.example.com` also every name below. Case does not matter.
    ///
    /// An entry without a host is an `OptionError` when the endpoint is made, and so is an empty list.
    public static func list(_ origins: [String]) -> OriginPolicy {
        OriginPolicy(kind: .list(origins))
    }

    /// `isAllowed` decides, also about origins without a host. It is called on an event loop: it must not block.
    public static func custom(_ isAllowed: @escaping @Sendable (Origin) -> Bool) -> OriginPolicy {
        OriginPolicy(kind: .custom(isAllowed))
    }
}
