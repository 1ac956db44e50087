// Firecrest — `firecrest token`: makes and reads Phoenix's tokens and session cookies.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Sign, verify and read tokens and session cookies in Phoenix's formats.",
        discussion: """
            The secret is that of the application (secret_key_base). It is read from a file, from standard input, or from \
            the environment, and never from the arguments, which everybody on the machine can see.

            Exit status: 0 when all is well, 1 when a token or cookie is not good, 2 when something is wrong with the \
            arguments or the secret.
            """,
        subcommands: [TokenSign.self, TokenVerify.self, TokenDecode.self, TokenCookie.self])
}

/// Ends a command with a sentence and an exit code.
struct TokenFailure: Error {
    let sentence: String
    let code: Int32

    /// The token or cookie is not good.
    static func refused(_ sentence: String) -> TokenFailure { TokenFailure(sentence: sentence, code: 1) }
    /// Something else is wrong.
    static func unusable(_ sentence: String) -> TokenFailure { TokenFailure(sentence: sentence, code: 2) }
}

/// What each of the commands does: text for standard output, of what it was told and of what it reads.
protocol TokenWork: ParsableCommand {
    func output(_ sources: TokenSources) throws -> String
}

extension TokenWork {
    func run() throws {
        do {
            StandardOutput.print(try output(.process))
        } catch let failure as TokenFailure {
            StandardError.print("firecrest token: \(failure.sentence)")
            throw ExitCode(failure.code)
        }
    }
}
