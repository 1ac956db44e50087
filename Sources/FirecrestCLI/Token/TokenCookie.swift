// Firecrest — `firecrest token cookie`.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import FirecrestProtocol

struct TokenCookie: TokenWork {
    static let configuration = CommandConfiguration(
        commandName: "cookie",
        abstract: "Read the value of a session cookie, or write one (Plug.Session's cookie store).")

    @Argument(help: "The cookie's value; with --write the session's values, a JSON object. Without it standard input.")
    var value: String?

    @Flag(help: "Make a cookie of JSON instead of reading one.")
    var write = false

    @Option(help: "The session's signing_salt.")
    var signingSalt: String

    @Option(help: "The session's encryption_salt, if it has one.")
    var encryptionSalt: String?

    @OptionGroup var key: KeyArguments

    func output(_ sources: TokenSources) throws -> String {
        var options = SessionOptions(
            key: "session", signingSalt: signingSalt, encryptionSalt: encryptionSalt,
            secretKeyBase: try key.secret(sources))
        options.keys = try key.options
        guard let cookies = SessionCookies(options) else {
            throw TokenFailure.unusable(
                options.problem.map { "\($0.option) \($0.sentence)" } ?? "the options make no key")
        }
        let text = try sources.argument(value)
        return write ? try make(cookies, text) : try read(cookies, text)
    }

    private func make(_ cookies: SessionCookies, _ text: String) throws -> String {
        guard case .object(let values) = try JSON(argument: text) else {
            throw TokenFailure.unusable("a session is a JSON object")
        }
        guard let cookie = cookies.write(Session(values)) else {
            throw TokenFailure.unusable("the cookie would have more than \(SessionOptions.maxCookieBytes) bytes")
        }
        return cookie + "\n"
    }

    private func read(_ cookies: SessionCookies, _ text: String) throws -> String {
        guard let session = cookies.read(text) else {
            throw TokenFailure.refused("the cookie is invalid: changed, or of another secret or salt")
        }
        var values: [String: JSON] = [:]
        for name in session.keys {
            // Bytes that are no text are shown as their numbers.
            values[name] = session[name] ?? session.bytes(name).map { .array($0.map { .integer(Int64($0)) }) } ?? .null
        }
        return JSON.object(values).line
    }
}
