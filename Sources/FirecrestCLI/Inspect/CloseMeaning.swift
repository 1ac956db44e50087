// Firecrest — what a close code says.
// SPDX-License-Identifier: Apache-2.0

enum CloseMeaning {
    /// RFC 6455 §7.4.1 and the IANA registry, with what phoenix.js does where that differs from "reconnects".
    static func of(_ code: UInt16) -> String {
        switch code {
        case 1000: "normal closure; phoenix.js does not reconnect"
        case 1001: "going away"
        case 1002: "protocol error"
        case 1003: "unsupported data"
        case 1007: "invalid payload data"
        case 1008: "policy violation"
        case 1009: "message too big"
        case 1010: "an extension is missing"
        case 1011: "internal error; in Phoenix also: undecodable message"
        case 1012: "service restart"
        case 1013: "try again later"
        case 1014: "bad gateway"
        case 3000...3999: "registered by a library"
        case 4000...4999: "private to the application"
        default: "not assigned"
        }
    }
}
