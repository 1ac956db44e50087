// Firecrest — the command `firecrest`.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct FirecrestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "firecrest",
        abstract: "A realtime server that speaks the Phoenix Channels protocol.",
        subcommands: [DemoCommand.self])
}
