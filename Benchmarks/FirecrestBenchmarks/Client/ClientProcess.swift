// Firecrest — the clients: does what it is told on standard input, checks what the server answers
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Commands: `connect COUNT TOPIC`, and `EVENT MESSAGES ROUNDS` for an echo, a heartbeat or a broadcast, which sends so many
/// messages in one write and waits for what comes of them, again and again.
final class ClientProcess {
    /// As many bytes as the payload of `wsload` has.
    private static let payload = #"{"d":"\#(String(repeating: "x", count: 56))"}"#
    private static let ref = "1000001"

    private let port: UInt16
    private var topic = ""
    private var sockets: [ClientSocket] = []

    init(port: UInt16) {
        self.port = port
    }

    func run() {
        while let line = readLine() {
            do {
                try perform(line.split(separator: " ").map(String.init))
                print("ok")
            } catch {
                print(error)
            }
            fflush(nil)
        }
    }

    private func perform(_ words: [String]) throws {
        guard words.count == 3 else { throw BenchmarkError("three words are expected") }
        if words[0] == "connect" {
            topic = words[2]
            for _ in 0..<(Int(words[1]) ?? 0) { sockets.append(try join()) }
            return
        }
        guard let messages = Int(words[1]), let rounds = Int(words[2]) else { throw BenchmarkError("two numbers") }
        switch words[0] {
        case "heartbeat": try heartbeats(messages, rounds)
        case "broadcast": try broadcasts(messages, rounds)
        case "visit": for _ in 0..<rounds { try visit() }
        default: try echoes(words[0], messages, rounds)
        }
    }

    /// Connects, joins the topic, and sends a heartbeat.
    private func join() throws -> ClientSocket {
        let socket = try ClientSocket(port: port, path: "/socket/websocket?vsn=2.0.0")
        try socket.send(ClientSocket.frame(#"["1","1","\#(topic)","phx_join",{}]"#))
        try expect(socket, start: #"["1","1","\#(topic)","phx_reply",{"#, part: #""status":"ok""#)
        try socket.send(ClientSocket.frame(#"[null,"2","phoenix","heartbeat",{}]"#))
        try expect(socket, start: #"[null,"2","phoenix","phx_reply",{"#, part: #""status":"ok""#)
        return socket
    }

    private func visit() throws {
        let socket = try join()
        try socket.send(ClientSocket.frame(#"["1","3","\#(topic)","phx_leave",{}]"#))
        try expect(socket, start: #"["1","3","\#(topic)","phx_reply",{"#, part: #""status":"ok""#)
        try expect(socket, start: #"["1","1","\#(topic)","phx_close","#, part: "{}")
        // The connection ends with the last reference.
    }

    private func echoes(_ event: String, _ messages: Int, _ rounds: Int) throws {
        try exchange(
            #"["1","\#(Self.ref)","\#(topic)","\#(event)",\#(Self.payload)]"#, messages, rounds,
            start: #"["1","\#(Self.ref)","\#(topic)","phx_reply",{"#, part: #""response":\#(Self.payload)"#)
    }

    private func heartbeats(_ messages: Int, _ rounds: Int) throws {
        try exchange(
            #"[null,"\#(Self.ref)","phoenix","heartbeat",{}]"#, messages, rounds,
            start: #"[null,"\#(Self.ref)","phoenix","phx_reply",{"#, part: #""status":"ok""#)
    }

    /// Refs do not change, so that every answer must be the same to the byte as the first.
    private func exchange(_ message: String, _ messages: Int, _ rounds: Int, start: String, part: String) throws {
        guard let socket = sockets.first else { throw BenchmarkError("nobody is connected") }
        let frame = ClientSocket.frame(message)
        try socket.send(frame)
        let answer = try expect(socket, start: start, part: part)
        let frames = Array(repeatElement(frame, count: messages).joined())
        for _ in 0..<rounds {
            try socket.send(frames)
            for _ in 0..<messages where try socket.receive() != answer {
                throw BenchmarkError("an answer is not the one that was expected")
            }
        }
    }

    private func broadcasts(_ messages: Int, _ rounds: Int) throws {
        guard let sender = sockets.first else { throw BenchmarkError("nobody is connected") }
        let expected = Array(#"[null,null,"\#(topic)","new_msg",\#(Self.payload)]"#.utf8)[...]
        let frame = ClientSocket.frame(#"["1","\#(Self.ref)","\#(topic)","new_msg",\#(Self.payload)]"#)
        let frames = Array(repeatElement(frame, count: messages).joined())
        for _ in 0..<rounds {
            try sender.send(frames)
            for socket in sockets {
                for _ in 0..<messages where try socket.receive() != expected {
                    throw BenchmarkError("a broadcast is not the one that was expected")
                }
            }
        }
    }

    @discardableResult
    private func expect(_ socket: ClientSocket, start: String, part: String) throws -> ArraySlice<UInt8> {
        let answer = try socket.receive()
        guard answer.starts(with: start.utf8), answer.contains(Array(part.utf8)) else {
            throw BenchmarkError("answered \(String(decoding: answer, as: UTF8.self)), not \(start)…\(part)…")
        }
        return answer
    }
}
