// Firecrest — tests of reading PROXY protocol headers.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite struct ProxyHeaderTests {
    private func read(_ bytes: ByteBuffer, maxBytes: Int = 4_096) throws -> (header: ProxyHeader?, rest: ByteBuffer) {
        var bytes = bytes
        let header = try ProxyHeader.read(from: &bytes, maxBytes: maxBytes)
        return (header, bytes)
    }

    private func code(_ bytes: ByteBuffer, maxBytes: Int = 4_096) -> ProxyHeaderError.Code? {
        #expect(throws: ProxyHeaderError.self) { try read(bytes, maxBytes: maxBytes) }?.code
    }

    // MARK: version 1

    @Test(arguments: [
        ("PROXY TCP4 203.0.113.7 10.0.0.1 51234 443\r\n", "203.0.113.7", 51_234),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65_535),
        ("PROXY TCP6 2001:db8::7 2001:db8::1 1 0\r\n", "2001:db8::7", 1),
    ])
    func a_line_names_the_client(line: String, address: String, port: Int) throws {
        let (header, rest) = try read(ByteBuffer(string: line + "GET / HTTP/1.1\r\n"))
        #expect(header == ProxyHeader(client: try SocketAddress(ipAddress: address, port: port)))
        #expect(String(buffer: rest) == "GET / HTTP/1.1\r\n")
    }

    @Test(arguments: ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN whatever stands here\r\n"])
    func an_unknown_client_stays_unknown(line: String) throws {
        let (header, rest) = try read(ByteBuffer(string: line))
        #expect(header == ProxyHeader(client: nil))
        #expect(rest.readableBytes == 0)
    }

    @Test func a_line_may_come_byte_by_byte() throws {
        let line = "PROXY TCP4 203.0.113.7 10.0.0.1 51234 443\r\n"
        for length in 0..<line.utf8.count {
            let (header, rest) = try read(ByteBuffer(bytes: line.utf8.prefix(length)))
            #expect(header == nil)
            #expect(rest.readableBytes == length)
        }
    }

    @Test(arguments: [
        "PROXY TCP4 203.0.113.7 10.0.0.1 51234\r\n", "PROXY TCP4 203.0.113.7 10.0.0.1 51234 443 1\r\n",
        "PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", "PROXY TCP6 203.0.113.7 10.0.0.1 1 2\r\n",
        "PROXY TCP4 203.0.113.777 10.0.0.1 1 2\r\n", "PROXY TCP4 203.0.113.7 10.0.0.1 65536 2\r\n",
        "PROXY TCP4 203.0.113.7 10.0.0.1 01 2\r\n", "PROXY TCP4 203.0.113.7 10.0.0.1 +1 2\r\n",
        "PROXY UDP4 203.0.113.7 10.0.0.1 1 2\r\n", "PROXY TCP4  203.0.113.7 10.0.0.1 1 2\r\n", "PROXY \r\n",
        "PROXY TCP4 203.0.113.7 10.0.0.1 1 2\n", "PROXY tcp4 203.0.113.7 10.0.0.1 1 2\r\n",
    ])
    func a_malformed_line_is_refused(line: String) {
        #expect(code(ByteBuffer(string: line)) == .malformed)
    }

    /// 107 bytes with the line end, section 2.1.
    @Test func a_line_without_end_is_refused() throws {
        let start = "PROXY UNKNOWN "
        let longest = start + String(repeating: "x", count: 105 - start.utf8.count)
        #expect(try read(ByteBuffer(string: longest)).header == nil)
        #expect(try read(ByteBuffer(string: longest + "\r\n")).header == ProxyHeader(client: nil))
        #expect(code(ByteBuffer(string: longest + "xx")) == .tooLong)
        #expect(code(ByteBuffer(string: longest + "x\r\n")) == .tooLong)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n", "P ", "PROXX", "\r\n\r\nX", "\u{16}\u{3}\u{1}"])
    func something_else_is_no_header(text: String) {
        #expect(code(ByteBuffer(string: text)) == .missing)
    }

    // MARK: version 2

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private func version2(
        command: UInt8 = 0x21, family: UInt8 = 0x11, _ body: [UInt8], length: Int? = nil
    ) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: Self.signature + [command, family])
        bytes.writeInteger(UInt16(length ?? body.count))
        bytes.writeBytes(body)
        return bytes
    }

    /// 203.0.113.7:51234 to 10.0.0.1:443.
    private static let ipv4: [UInt8] = [203, 0, 113, 7, 10, 0, 0, 1, 0xC8, 0x22, 0x01, 0xBB]

    @Test func addresses_of_ipv4_and_ipv6() throws {
        var bytes = version2(Self.ipv4)
        bytes.writeString("rest")
        let (header, rest) = try read(bytes)
        #expect(header == ProxyHeader(client: try SocketAddress(ipAddress: "203.0.113.7", port: 51_234)))
        #expect(String(buffer: rest) == "rest")

        let ipv6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [7]
        let both = ipv6 + Array(repeating: 0, count: 16) + [0x00, 0x50, 0x01, 0xBB]
        #expect(
            try read(version2(family: 0x21, both)).header
                == ProxyHeader(client: try SocketAddress(ipAddress: "2001:db8::7", port: 80)))
    }

    @Test func the_proxys_own_connections_and_unix_sockets_name_nobody() throws {
        #expect(try read(version2(command: 0x20, Self.ipv4)).header == ProxyHeader(client: nil))
        #expect(try read(version2(command: 0x20, family: 0, [])).header == ProxyHeader(client: nil))
        #expect(
            try read(version2(family: 0x31, Array(repeating: 0, count: 216))).header == ProxyHeader(client: nil))
        #expect(try read(version2(family: 0xF1, [1, 2, 3])).header == ProxyHeader(client: nil))
    }

    @Test func a_header_may_come_byte_by_byte() throws {
        let whole = version2(Self.ipv4)
        for length in 0..<whole.readableBytes {
            var part = whole
            part.moveWriterIndex(to: length)
            #expect(try read(part).header == nil)
        }
    }

    /// PP2_TYPE_SSL: its first bit says that the client speaks TLS with the proxy.
    @Test func extensions_tell_of_tls() throws {
        let secure: [UInt8] = [0x20, 0, 5, 0x01, 0, 0, 0, 0]
        let plain: [UInt8] = [0x20, 0, 5, 0x00, 0, 0, 0, 0]
        let other: [UInt8] = [0x02, 0, 3, 0x61, 0x2E, 0x62]
        #expect(try read(version2(Self.ipv4 + other + secure)).header?.isSecure == true)
        #expect(try read(version2(Self.ipv4 + plain)).header?.isSecure == false)
        #expect(try read(version2(Self.ipv4 + other)).header?.isSecure == nil)
    }

    /// "123456789" has the CRC-32C 0xE3069283; here the sum is over the whole header with four zeros in its own place.
    @Test func a_checksum_is_looked_at() throws {
        let right = version2(Self.ipv4 + [0x03, 0, 4] + checksum(of: version2(Self.ipv4 + [0x03, 0, 4, 0, 0, 0, 0])))
        #expect(try read(right).header?.client?.port == 51_234)
        #expect(code(version2(Self.ipv4 + [0x03, 0, 4, 1, 2, 3, 4])) == .wrongChecksum)
        #expect(code(version2(Self.ipv4 + [0x03, 0, 2, 1, 2])) == .malformed)
    }

    /// By a table, in place of the bits that the source goes by.
    private func checksum(of bytes: ByteBuffer) -> [UInt8] {
        var table: [UInt32] = []
        for start in 0..<UInt32(256) {
            var entry = start
            for _ in 0..<8 { entry = entry & 1 == 1 ? (entry >> 1) ^ 0x82F6_3B78 : entry >> 1 }
            table.append(entry)
        }
        func sum(_ bytes: some Sequence<UInt8>) -> UInt32 {
            var sum = ~UInt32(0)
            for byte in bytes {
                let index = Int((sum ^ UInt32(byte)) & 0xFF)
                sum = table[index] ^ (sum >> 8)
            }
            return ~sum
        }
        #expect(sum("123456789".utf8) == 0xE306_9283)
        return withUnsafeBytes(of: sum(bytes.readableBytesView).bigEndian) { Array($0) }
    }

    @Test func what_does_not_fit_is_refused() {
        #expect(code(version2(command: 0x11, Self.ipv4)) == .malformed)
        #expect(code(version2(command: 0x22, Self.ipv4)) == .malformed)
        #expect(code(version2(Self.ipv4.dropLast())) == .malformed)
        #expect(code(version2(Self.ipv4 + [0x20])) == .malformed)
        #expect(code(version2(Self.ipv4 + [0x20, 0xFF, 0xFF, 1])) == .malformed)
        #expect(code(version2(Self.ipv4 + [0x20, 0, 1, 1])) == .malformed)
    }

    /// The length alone decides, before anything of that length has come.
    @Test func a_header_beyond_the_limit_is_refused_at_once() throws {
        #expect(code(version2([], length: 65_535)) == .tooLong)
        #expect(code(version2([], length: 4_081)) == .tooLong)
        #expect(try read(version2([], length: 4_080)).header == nil)
    }
}
