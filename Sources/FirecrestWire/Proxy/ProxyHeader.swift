// Firecrest — what a PROXY protocol header says about a client.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Who is behind a proxy, as the proxy says it in front of everything else that it sends ("The PROXY protocol", versions
/// 1 and 2).
package struct ProxyHeader: Sendable, Equatable {
    /// The client's address. nil where the header names none: `UNKNOWN`, `LOCAL` (the proxy itself, for example its health
    /// check), a Unix socket, a family that we do not know.
    package var client: SocketAddress?
    /// Whether the client speaks TLS with the proxy (`PP2_TYPE_SSL`). nil where the header does not say.
    package var isSecure: Bool?

    package init(client: SocketAddress?, isSecure: Bool? = nil) {
        self.client = client
        self.isSecure = isSecure
    }
}

/// A header that is none. The connection cannot be used: what follows would be taken for something else.
package struct ProxyHeaderError: Error, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The first bytes begin neither version.
        case missing = "proxy_header_missing"
        case malformed = "proxy_header_malformed"
        case tooLong = "proxy_header_too_long"
        /// The checksum that the header brings along is not its own.
        case wrongChecksum = "proxy_header_wrong_checksum"
    }

    package let code: Code
    package let sentence: String

    package var description: String { "\(code.rawValue): \(sentence)" }

    static let missing = ProxyHeaderError(
        code: .missing, sentence: "The connection does not begin with a PROXY protocol header.")
    static let wrongChecksum = ProxyHeaderError(
        code: .wrongChecksum, sentence: "The PROXY protocol header's checksum does not match.")

    static func malformed(_ what: String) -> ProxyHeaderError {
        ProxyHeaderError(code: .malformed, sentence: "The PROXY protocol header \(what).")
    }

    static func tooLong(_ limit: Int) -> ProxyHeaderError {
        ProxyHeaderError(
            code: .tooLong, sentence: "The PROXY protocol header has more than \(limit) bytes.")
    }
}
