// Firecrest — where the token commands read from.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import FirecrestProtocol
import Glibc
import NIOCore

/// The files and the environment of the process, or those of a test.
struct TokenSources: Sendable {
    var environment: @Sendable (String) -> String?
    /// - Parameter: a path; `-` is standard input.
    var read: @Sendable (String) throws -> ByteBuffer

    static let process = TokenSources(
        environment: { name in getenv(name).map { String(cString: $0) } },
        read: { path in
            do {
                return try InputFile.read(path, limit: 1 << 20)
            } catch {
                throw TokenFailure.unusable("\(error)")
            }
        })

    /// Text without the line's end, which editors and `echo` add.
    func text(_ path: String) throws -> String {
        var text = String(buffer: try read(path))
        while text.utf8.last == UInt8(ascii: "\n") || text.utf8.last == UInt8(ascii: "\r") { text.removeLast() }
        return text
    }

    /// An argument, or standard input when there is none or it is `-`.
    func argument(_ value: String?) throws -> String {
        guard let value, value != "-" else { return try text("-") }
        return value
    }
}

/// The secret, and how keys are made of it.
struct KeyArguments: ParsableArguments {
    static let variable = "FIRECREST_SECRET_KEY_BASE"

    @Option(help: "File with the secret; - is standard input. Without it, the environment's FIRECREST_SECRET_KEY_BASE.")
    var secretKeyBaseFile: String?

    @Option(help: "Rounds of the key derivation (key_iterations).")
    var keyIterations = 1_000

    @Option(help: "Bytes of the key (key_length).")
    var keyLength = 32

    @Option(help: "Hash of the key derivation (key_digest): sha256, sha384 or sha512.")
    var keyDigest = "sha256"

    var options: TokenKeyOptions {
        get throws {
            guard let digest = TokenKeyOptions.Digest(rawValue: keyDigest) else {
                throw TokenFailure.unusable("--key-digest is \(keyDigest); it must be sha256, sha384 or sha512")
            }
            var options = TokenKeyOptions()
            options.iterations = keyIterations
            options.length = keyLength
            options.digest = digest
            return options
        }
    }

    func secret(_ sources: TokenSources) throws -> String {
        let secret: String
        if let secretKeyBaseFile {
            secret = try sources.text(secretKeyBaseFile)
        } else if let value = sources.environment(Self.variable) {
            secret = value
        } else {
            throw TokenFailure.unusable(
                "there is no secret; give --secret-key-base-file, or set \(Self.variable) in the environment")
        }
        guard secret.utf8.count >= Token.minSecretBytes else {
            throw TokenFailure.unusable(
                "the secret has \(secret.utf8.count) bytes; it must have at least \(Token.minSecretBytes)")
        }
        return secret
    }
}

/// Seconds, or `infinity`.
struct AgeArgument: ExpressibleByArgument {
    let age: TokenAge

    init(_ age: TokenAge) {
        self.age = age
    }

    init?(argument: String) {
        if argument == "infinity" {
            age = .infinity
        } else if let seconds = Double(argument), seconds.isFinite {
            age = .seconds(seconds)
        } else {
            return nil
        }
    }
}

extension JSON {
    init(argument: String) throws {
        do {
            self = try JSON(parsing: ByteBuffer(string: argument))
        } catch {
            throw TokenFailure.unusable("the data is no JSON (\(error)); text needs quotation marks: '\"u-42\"'")
        }
    }

    var line: String {
        var text = ByteBuffer()
        // What was read from bytes has a form.
        guard (try? write(into: &text)) != nil else { return "null\n" }
        return String(buffer: text) + "\n"
    }
}
