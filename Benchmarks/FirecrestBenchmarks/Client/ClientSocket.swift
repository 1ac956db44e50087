// Firecrest — one client connection, with blocking calls
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Speaks WebSocket with code of its own: what is measured must not be on both sides.
final class ClientSocket {
    private let descriptor: Int32
    /// What was received; `start` is where the unread part begins.
    private var received: [UInt8] = []
    private var start = 0
    private var chunk = [UInt8](repeating: 0, count: 65_536)

    init(port: UInt16, path: String) throws {
        descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw BenchmarkError("connect: \(String(cString: strerror(errno)))") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let request = """
            GET \(path) HTTP/1.1\r
            Host: localhost\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r

            """
        try send(Array(request.utf8))
        try readHead()
    }

    deinit {
        close(descriptor)
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchmarkError("write: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// The payload of the next data frame. Pings are not answered: no measurement takes so long that it matters.
    func receive() throws -> ArraySlice<UInt8> {
        while true {
            try fill(to: 2)
            let opcode = received[start] & 0x0F
            var length = Int(received[start + 1])
            var header = 2
            if length >= 126 {
                header = length == 126 ? 4 : 10
                try fill(to: header)
                length = received[(start + 2)..<(start + header)].reduce(0) { $0 << 8 | Int($1) }
            }
            try fill(to: header + length)
            let payload = received[(start + header)..<(start + header + length)]
            start += header + length
            switch opcode {
            case 1, 2: return payload
            case 8: throw BenchmarkError("the server closed: \(String(decoding: payload.dropFirst(2), as: UTF8.self))")
            default: continue
            }
        }
    }

    /// A text frame, masked as clients must.
    static func frame(_ text: String) -> [UInt8] {
        let payload = Array(text.utf8)
        let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        var frame: [UInt8] = [0x81]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8 & 0xFF), UInt8(payload.count & 0xFF)]
        }
        return frame + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }

    private func readHead() throws {
        while !received[start...].contains(Array("\r\n\r\n".utf8)) { try readMore() }
        guard received.starts(with: Array("HTTP/1.1 101 ".utf8)) else {
            throw BenchmarkError("no upgrade: \(String(decoding: received, as: UTF8.self))")
        }
        // The server speaks first of nothing, so the head is all that there is.
        received = []
    }

    private func fill(to count: Int) throws {
        while received.count - start < count { try readMore() }
    }

    private func readMore() throws {
        if start == received.count {
            received.removeAll(keepingCapacity: true)
            start = 0
        }
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { throw BenchmarkError("the server went away") }
        received += chunk[..<count]
    }
}
