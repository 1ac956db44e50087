// Firecrest — the characters that names in HTTP are made of.
// SPDX-License-Identifier: Apache-2.0

extension String {
    /// RFC 9110 §5.6.2: what a subprotocol and a header's name are made of.
    var isHTTPToken: Bool {
        !isEmpty && utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
}
