// Firecrest — `firecrest console`: a Phoenix client for a terminal or a pipe.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FirecrestProtocol
import Glibc
import NIOCore
import UnixSignals

struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Join a topic of any Phoenix server: type events, see everything that arrives.",
        discussion: """
            Type `event {json}` to push an event, /help for the rest. Each line shows: milliseconds since the start, \
            direction, topic, event, ref, round trip of a reply, payload.

            In a pipe, each line of standard input is sent; at its end the replies that are outstanding are awaited, \
            for --timeout seconds at most.

            Exit status: 0 after a clean end, 1 when the connection failed or the join was refused, 2 for wrong arguments.
            """)

    @Argument(help: "The socket's URL: ws://127.0.0.1:4000/socket. /websocket and vsn are added.")
    var url: String

    @Argument(help: "The topic to join, for example room:lobby.")
    var topic: String

    @Option(help: "Parameters of the connection, as a JSON object.")
    var params = "{}"

    @Option(help: "Payload of the join, as JSON.")
    var join = "{}"

    @Option(help: "Version of the protocol: 2.0.0 (arrays) or 1.0.0 (objects).")
    var vsn = "2.0.0"

    @Flag(help: "Show every frame too, as firecrest inspect does.")
    var raw = false

    @Option(
        name: .customLong("header"), help: "A further header of the request: \"Origin: http://localhost\". Repeatable.")
    var headers: [String] = []

    @Option(help: "A bearer token, sent where phoenix.js sends its authToken.")
    var authToken: String?

    @Flag(inversion: .prefixedNo, help: "Send a heartbeat every 30 s.")
    var heartbeat = true

    @Flag(inversion: .prefixedNo, help: "Offer permessage-deflate.")
    var deflate = true

    @Option(help: "Seconds to wait for the connection, the join, and outstanding replies at the end.")
    var timeout = 5.0

    func run() async throws {
        let options: ConsoleOptions
        do {
            options = try makeOptions()
        } catch {
            StandardError.print("firecrest console: \(error)")
            throw ExitCode(2)
        }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let report = ConsoleReport(
            style: .of(descriptor: STDOUT_FILENO), payloadBytes: isTerminal ? 2_000 : nil)
        do {
            try await ConsoleClient.run(
                options, report: report, lines: StandardInputLines.stream(), interrupts: await Self.interrupts(),
                print: StandardOutput.print)
        } catch {
            StandardError.print("firecrest console: \(error)")
            throw ExitCode(1)
        }
    }

    /// The first Ctrl-C asks for a clean end; the second does not ask.
    private static func interrupts() async -> AsyncStream<Void> {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        Task {
            var count = 0
            for await signal in signals {
                count += 1
                if count > 1 { Glibc.exit(128 + signal.rawValue) }
                continuation.yield()
            }
        }
        return stream
    }

    private func makeOptions() throws -> ConsoleOptions {
        guard let version = ClientCodec.Version(rawValue: vsn) else {
            throw ConsoleError("--vsn is \(vsn); it must be 1.0.0 or 2.0.0")
        }
        guard timeout.isFinite, (0.001...86_400).contains(timeout) else {
            throw ConsoleError("--timeout is \(timeout); it must be between 0.001 and 86400 seconds")
        }
        guard let values = try? JSON(parsing: ByteBuffer(string: params)), values.objectValue != nil else {
            throw ConsoleError("--params must be a JSON object, for example '{\"user\": \"ada\"}'")
        }
        var options = ConsoleOptions(
            address: try ConsoleAddress(url, params: values, vsn: vsn), topic: topic,
            joinPayload: try Self.payload(join), version: version)
        for text in headers { options.headers.append(try ClientHandshake.header(text)) }
        options.authToken = authToken
        options.offersDeflate = deflate
        if !heartbeat { options.heartbeat = nil }
        options.timeout = .nanoseconds(Int64(timeout * 1e9))
        options.isRaw = raw
        return options
    }

    private static func payload(_ text: String) throws -> Payload {
        do {
            return try ConsoleInput.payload(text)
        } catch {
            throw ConsoleError("--join: \(error)")
        }
    }
}
