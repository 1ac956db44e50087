// Firecrest — `firecrest inspect`: what bytes of a WebSocket mean, and what is wrong with them.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FirecrestProtocol
import FirecrestWire
import Glibc
import NIOCore

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Decode WebSocket bytes: handshake, frames, deflate, Phoenix messages.",
        discussion: """
            Reads what one side of a connection sent: a frame, many frames, or a capture that begins with the HTTP \
            head. Two files, one of each side, are shown as a conversation. What is wrong is named with its offset \
            (@, in bytes from the start of the input), the rule and what the other end does about it; then the \
            reading goes on.

            Exit status: 0 when nothing is wrong, 1 when something is, 2 when there is nothing to read.
            """)

    enum Encoding: String, CaseIterable, ExpressibleByArgument { case auto, hex, raw }
    enum From: String, CaseIterable, ExpressibleByArgument { case auto, client, server }
    enum Phoenix: String, CaseIterable, ExpressibleByArgument {
        case auto
        case v1 = "1"
        case v2 = "2"
        case none
    }
    enum Message: String, CaseIterable, ExpressibleByArgument { case text, binary }

    @Argument(help: "Files of captured bytes, one for each side; - is standard input.")
    var files: [String] = []

    @Option(help: "The bytes themselves, in hex: \"81 05 48 65 6c 6c 6f\".")
    var hex: String?

    @Option(help: "How files are written: raw bytes, hex text, or whichever they look like.")
    var encoding = Encoding.auto

    @Option(help: "Who sent the bytes (of the first file). auto: by the head, else by the first frame's mask bit.")
    var from = From.auto

    @Option(help: "Serializer of the Phoenix messages. auto: by the request's vsn, else by their first byte.")
    var vsn = Phoenix.auto

    @Option(help: "The bytes are one message of this kind, without frames.")
    var message: Message?

    @Flag(help: "Take permessage-deflate as agreed, where no response says so.")
    var deflate = false

    @Flag(help: "With --deflate: messages may refer to those before them.")
    var contextTakeover = false

    @Option(help: "Largest frame and message in bytes that the receiver takes.")
    var maxMessage = 1 << 20

    @Option(name: .customLong("bytes"), help: "Bytes shown of each payload.")
    var previewBytes = 48

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func validate() throws {
        if hex != nil, !files.isEmpty { throw ValidationError("Give --hex or files, not both.") }
        if files.count > 2 { throw ValidationError("Give one file, or two: one of each side.") }
        if message != nil, files.count == 2 { throw ValidationError("--message takes one input.") }
        if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read once only.") }
        guard (0...(1 << 20)).contains(previewBytes) else {
            throw ValidationError("--bytes is \(previewBytes); it must be between 0 and 1048576.")
        }
        guard (1...FrameLimits.ceiling).contains(maxMessage) else {
            throw ValidationError("--max-message is \(maxMessage); it must be between 1 and \(FrameLimits.ceiling).")
        }
    }

    func run() throws {
        let text = TextReport(style: .of(descriptor: STDOUT_FILENO), previewBytes: previewBytes)
        let lines = JSONReport(previewBytes: previewBytes)
        let json = json
        var conversation = Conversation(settings: settings) { finding in
            StandardOutput.print(json ? lines.render(finding) : text.render(finding))
        }
        let summary: Finding.Summary
        do {
            let captures = try captures()
            let source = Source(rawValue: from.rawValue)
            if let message, let capture = captures.first {
                summary = conversation.readMessage(
                    capture, kind: message == .text ? .text : .binary, from: source)
            } else {
                summary = try conversation.read(captures, from: source)
            }
        } catch {
            StandardError.print("firecrest inspect: \(error)")
            throw ExitCode(2)
        }
        if summary.problems > 0 { throw ExitCode(1) }
    }

    private var settings: InspectSettings {
        var settings = InspectSettings()
        settings.limits = FrameLimits(maxFrameBytes: maxMessage, maxMessageBytes: maxMessage)
        settings.assumesDeflate = deflate || contextTakeover
        settings.assumesContextTakeover = contextTakeover
        settings.phoenix =
            switch vsn {
            case .auto: .automatic
            case .v1: .version(.v1)
            case .v2: .version(.v2)
            case .none: .none
            }
        return settings
    }

    private func captures() throws -> [Capture] {
        if let hex { return [try checked(Capture(name: "--hex", bytes: try HexText.bytes(hex.utf8)))] }
        return try (files.isEmpty ? ["-"] : files).map { path in
            var bytes = try InputFile.read(path)
            if encoding == .hex || (encoding == .auto && HexText.isHex(bytes)) {
                bytes = try HexText.bytes(bytes.readableBytesView)
            }
            return try checked(Capture(name: path == "-" ? "standard input" : path, bytes: bytes))
        }
    }

    private func checked(_ capture: Capture) throws -> Capture {
        guard capture.bytes.readableBytes > 0 else {
            throw InputFile.Failure(description: "\(capture.name) has no bytes; give a file, - or --hex")
        }
        return capture
    }
}
