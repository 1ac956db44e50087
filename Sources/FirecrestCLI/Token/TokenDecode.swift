// Firecrest — `firecrest token decode`.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import FirecrestHTTP
import FirecrestProtocol

struct TokenDecode: TokenWork {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Show what a signed token says, WITHOUT checking who signed it.")

    @Argument(help: "The token; without it, or with -, standard input.")
    var token: String?

    func output(_ sources: TokenSources) throws -> String {
        let text = try sources.argument(token)
        guard !text.hasPrefix("XCP.") else {
            throw TokenFailure.refused("the token is encrypted; `firecrest token verify` reads it with the secret")
        }
        guard let token = UnverifiedToken(text) else {
            throw TokenFailure.refused("this has not the form of a signed token")
        }
        var lines = [
            "NOT VERIFIED: anybody can have written this; `firecrest token verify` checks it.",
            "head     \(Self.shown(token.head))", "data     \(token.data?.line.dropLast() ?? "has no form in JSON")",
            "signed   \(Self.time(token.signedAt))",
        ]
        switch token.maxAge {
        case .infinity: lines.append("expires  never")
        case .seconds(let seconds):
            let end = token.signedAt.flatMap { Int64(exactly: (Double($0) + seconds * 1_000).rounded(.down)) }
            lines.append("expires  \(Self.time(end)), \(seconds.formatted) s after it was signed")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func shown(_ head: String) -> String {
        switch head {
        case "SFMyNTY": "SFMyNTY (HMAC-SHA256)"
        case "SFMzODQ": "SFMzODQ (HMAC-SHA384)"
        case "SFM1MTI": "SFM1MTI (HMAC-SHA512)"
        default: "unknown: no verifier takes it"
        }
    }

    private static func time(_ milliseconds: Int64?) -> String {
        // Between the years 0 and 9999.
        guard let milliseconds, (-62_167_219_200_000..<253_402_300_800_000).contains(milliseconds) else {
            return "at no time that a calendar has"
        }
        return HTTPDate.format(secondsSince1970: milliseconds / 1_000)
    }
}

extension Double {
    fileprivate var formatted: String { Int64(exactly: self).map { "\($0)" } ?? "\(self)" }
}
