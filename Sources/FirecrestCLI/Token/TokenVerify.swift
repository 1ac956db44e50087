// Firecrest — `firecrest token verify`.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import FirecrestProtocol

struct TokenVerify: TokenWork {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a token, and print its data as JSON (Phoenix.Token.verify, decrypt).")

    @Argument(help: "The token, signed or encrypted; without it, or with -, standard input.")
    var token: String?

    @Option(help: "What the token is for, as the application says it: \"user auth\".")
    var salt: String

    @Option(help: "Seconds that it may be old, or infinity. Default: as the token says.")
    var maxAge: AgeArgument?

    @Option(help: "Seconds by which the signer's clock may be wrong.")
    var leeway = 0.0

    @OptionGroup var key: KeyArguments

    func validate() throws {
        guard (0...86_400).contains(leeway) else { throw ValidationError("--leeway must be between 0 and 86400.") }
    }

    func output(_ sources: TokenSources) throws -> String {
        let reader = Token(secretKeyBase: try key.secret(sources), keys: try key.options)
        let text = try sources.argument(token)
        let leeway = Duration.milliseconds(Int64(leeway * 1_000))
        do {
            let data =
                text.hasPrefix("XCP.")
                ? try reader.decrypt(salt, text, maxAge: maxAge?.age, leeway: leeway)
                : try reader.verify(salt, text, maxAge: maxAge?.age, leeway: leeway)
            return data.line
        } catch .weakKey {
            throw TokenFailure.unusable("\(TokenError.weakKey)")
        } catch {
            throw TokenFailure.refused("\(error)")
        }
    }
}
