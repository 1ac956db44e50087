// Firecrest — `firecrest token sign`.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import FirecrestProtocol
import FoundationEssentials

struct TokenSign: TokenWork {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Make a token, signed or encrypted (Phoenix.Token.sign, encrypt).")

    @Argument(help: "The data, as JSON; without it, or with -, standard input.")
    var data: String?

    @Option(help: "What the token is for, as the application says it: \"user auth\".")
    var salt: String

    @Option(help: "Seconds that it is good for, or infinity.")
    var maxAge = AgeArgument(.day)

    @Option(help: "When it is signed, in seconds since 1970. Default: now.")
    var signedAt: Double?

    @Flag(help: "Encrypt it, so that its owner cannot read it.")
    var encrypt = false

    @OptionGroup var key: KeyArguments

    func output(_ sources: TokenSources) throws -> String {
        let token = Token(secretKeyBase: try key.secret(sources), keys: try key.options)
        let data = try JSON(argument: try sources.argument(data))
        let date = signedAt.map { Date(timeIntervalSince1970: $0) }
        do {
            return try encrypt
                ? token.encrypt(salt, data, signedAt: date, maxAge: maxAge.age) + "\n"
                : token.sign(salt, data, signedAt: date, maxAge: maxAge.age) + "\n"
        } catch {
            throw TokenFailure.unusable("\(error)")
        }
    }
}
