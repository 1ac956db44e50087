// Firecrest — whether it is clear where a request's body ends.
// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1

extension HTTPRequestHead {
    /// False for a request that two readers could cut differently (RFC 9112 §6.3): both lengths given, or a transfer
    /// coding whose last one is not `chunked`. Such requests are how others are smuggled past a proxy.
    var hasClearBody: Bool {
        guard let encoding = headers["transfer-encoding"].last else { return true }
        guard !headers.contains(name: "content-length") else { return false }
        let last = encoding.split(separator: ",", omittingEmptySubsequences: false).last ?? ""
        let words = last.split { $0 == " " || $0 == "\t" }
        return words.count == 1 && words.first?.lowercased() == "chunked"
    }
}
