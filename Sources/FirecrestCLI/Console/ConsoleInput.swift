// Firecrest — what a typed line asks for.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

enum ConsoleInput {
    case nothing
    case push(event: String, Payload)
    case leave
    /// nil: the topic of before.
    case join(topic: String?)
    case ping, quit, help

    static let helpText = """
        event {json}         push an event to the topic; without JSON, {}
        /binary event HEX    push bytes (serializer 2.0.0)
        /join [topic]        join a topic, which further events go to; without one, the last topic again
        /leave               leave the topic
        /ping                a WebSocket ping
        /quit                leave, close with 1000, end (also the end of input, or Ctrl-C)
        """

    init(_ line: String) throws(ConsoleError) {
        let (word, rest) = Self.split(line)
        switch word {
        case "": self = .nothing
        case "/leave": self = .leave
        case "/join": self = .join(topic: rest.isEmpty ? nil : rest)
        case "/ping": self = .ping
        case "/quit": self = .quit
        case "/help": self = .help
        case "/binary":
            let (event, hex) = Self.split(rest)
            guard !event.isEmpty else { throw ConsoleError("write /binary event HEX") }
            do throws(HexText.Failure) {
                self = .push(event: event, .binary(try HexText.bytes(hex.utf8)))
            } catch {
                throw ConsoleError("\(error.description); write /binary event HEX")
            }
        case let word where word.hasPrefix("/"):
            throw ConsoleError("there is no \(Preview.escaped(word)); /help lists what there is")
        default:
            self = .push(event: word, try Self.payload(rest))
        }
    }

    /// JSON as it was typed, checked as the server checks it.
    static func payload(_ text: String) throws(ConsoleError) -> Payload {
        guard !text.isEmpty else { return .empty }
        let bytes = ByteBuffer(string: text)
        do throws(JSONError) {
            try JSONValidator.validate(bytes.readableBytesUInt8Span)
        } catch {
            throw ConsoleError("this is no JSON: \(error.description)")
        }
        return Payload(kind: .json, bytes: bytes)
    }

    private static func split(_ line: String) -> (String, String) {
        let trimmed = line.drop { $0 == " " || $0 == "\t" }
        let word = trimmed.prefix { $0 != " " && $0 != "\t" }
        var rest = trimmed[word.endIndex...].drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" || last == "\r" || last == "\r\n" { rest.removeLast() }
        return (String(word).filter { $0 != "\r" }, String(rest))
    }
}
