// Firecrest — `firecrest bench`: a load tester for any server that speaks the Phoenix Channels protocol.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Load any Phoenix-protocol server, check all that comes back, and measure.",
        discussion: """
            Every accept key, frame, reply and broadcast is checked: what is lost, doubled, out of order or altered is an \
            error, by kind. With --rate, messages are sent at their times whatever the server does, and latency counts \
            from then (coordinated omission is corrected); without, each waits for an answer.

            Exit status: 0 when all was right, 1 when anything was wrong with what came back or the run failed, 2 for \
            wrong arguments.
            """,
        subcommands: [
            BenchConnectCommand.self, BenchIdleCommand.self, BenchEchoCommand.self, BenchFanoutCommand.self,
            BenchHotCommand.self, BenchStormCommand.self, BenchSlowReadersCommand.self, BenchMixedCommand.self,
            BenchHerdCommand.self, BenchWorkerCommand.self,
        ])
}
