// Firecrest — the command `firecrest`.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

@main
struct FirecrestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firecrest",
        abstract: "A realtime server that speaks the Phoenix Channels protocol, and its tools.",
        subcommands: [
            DemoCommand.self, CompareCommand.self, InspectCommand.self, ConsoleCommand.self, BenchCommand.self,
            TokenCommand.self,
        ])

    /// As ArgumentParser's own, but wrong arguments end in 2, as those of most programs do, and not in 64.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            StandardError.print(fullMessage(for: error))
            Glibc.exit(2)
        }
    }
}
