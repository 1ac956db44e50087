// Firecrest — reads a PROXY protocol header of either version.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ProxyHeader {
    /// A header of version 1 ends within so many bytes, its line end included (section 2.1).
    static let maxVersion1Bytes = 107

    /// Takes a header off the front of what a connection began with.
    ///
    /// - Parameter maxBytes: the largest header of version 2, whose length field could say 64 KiB.
    /// - Returns: nil while more bytes are needed; nothing is taken then.
    /// - Throws: `ProxyHeaderError` as soon as the bytes cannot become a header.
    package static func read(
        from buffer: inout ByteBuffer, maxBytes: Int
    ) throws(ProxyHeaderError) -> ProxyHeader? {
        guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        // The signature of version 2 begins with a carriage return, which no line of version 1 does.
        return if first == signature[0] {
            try readVersion2(from: &buffer, maxBytes: maxBytes)
        } else {
            try readVersion1(from: &buffer)
        }
    }

    // MARK: version 1, a line of text

    private static let version1Start = Array("PROXY ".utf8)

    private static func readVersion1(
        from buffer: inout ByteBuffer
    ) throws(ProxyHeaderError) -> ProxyHeader? {
        let bytes = buffer.readableBytesView
        guard zip(bytes, version1Start).allSatisfy({ $0 == $1 }) else { throw .missing }
        let window = bytes.prefix(maxVersion1Bytes)
        guard let end = window.firstIndex(of: UInt8(ascii: "\n")) else {
            guard bytes.count < maxVersion1Bytes else { throw .tooLong(maxVersion1Bytes) }
            return nil
        }
        let line = window[..<end]
        guard line.last == UInt8(ascii: "\r") else { throw .malformed("does not end in CR LF") }
        let header = try parseVersion1(line.dropLast())
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        return header
    }

    private static func parseVersion1(_ line: ByteBufferView) throws(ProxyHeaderError) -> ProxyHeader {
        let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        // What follows UNKNOWN has no meaning, and need not be there.
        if fields.count >= 2, fields[1].elementsEqual("UNKNOWN".utf8) { return ProxyHeader(client: nil) }
        guard fields.count == 6 else { throw .malformed("has \(fields.count) fields; 6 are expected") }
        let isIPv4 = fields[1].elementsEqual("TCP4".utf8)
        guard isIPv4 || fields[1].elementsEqual("TCP6".utf8) else {
            throw .malformed("names a protocol that is neither TCP4, TCP6 nor UNKNOWN")
        }
        guard let client = address(fields[2], fields[4], isIPv4: isIPv4),
            address(fields[3], fields[5], isIPv4: isIPv4) != nil
        else { throw .malformed("has an address or a port that is none") }
        return ProxyHeader(client: client)
    }

    private static func address(_ host: ByteBufferView, _ port: ByteBufferView, isIPv4: Bool) -> SocketAddress? {
        // Digits alone and no leading zero, as the specification writes them.
        guard (1...5).contains(port.count), port.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            port.count == 1 || port.first != 0x30, let number = Int(String(decoding: port, as: UTF8.self)),
            number <= 65_535,
            let address = try? SocketAddress(ipAddress: String(decoding: host, as: UTF8.self), port: number),
            (address.protocol == .inet) == isIPv4
        else { return nil }
        return address
    }

    // MARK: version 2, binary

    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    /// Signature, version and command, family, length.
    static let version2HeadBytes = 16

    private static func readVersion2(
        from buffer: inout ByteBuffer, maxBytes: Int
    ) throws(ProxyHeaderError) -> ProxyHeader? {
        guard zip(buffer.readableBytesView, signature).allSatisfy({ $0 == $1 }) else { throw .missing }
        guard let versionAndCommand = buffer.getInteger(at: buffer.readerIndex + 12, as: UInt8.self) else { return nil }
        guard versionAndCommand >> 4 == 2 else {
            throw .malformed("has version \(versionAndCommand >> 4); 1 and 2 are known")
        }
        let command = versionAndCommand & 0x0F
        guard command <= 1 else { throw .malformed("has the unknown command \(command)") }
        guard let family = buffer.getInteger(at: buffer.readerIndex + 13, as: UInt8.self),
            let length = buffer.getInteger(at: buffer.readerIndex + 14, as: UInt16.self)
        else { return nil }
        let size = version2HeadBytes + Int(length)
        guard size <= maxBytes else { throw .tooLong(maxBytes) }
        guard let whole = buffer.getSlice(at: buffer.readerIndex, length: size) else { return nil }
        let header = try parseVersion2(whole, isLocal: command == 0, family: family)
        buffer.moveReaderIndex(forwardBy: size)
        return header
    }

    private static func parseVersion2(
        _ whole: ByteBuffer, isLocal: Bool, family: UInt8
    ) throws(ProxyHeaderError) -> ProxyHeader {
        var rest = whole
        rest.moveReaderIndex(forwardBy: version2HeadBytes)
        // The upper half is the family: unspecified, IPv4, IPv6, Unix. The lower half says stream or datagram.
        let addressBytes: Int? =
            switch family >> 4 {
            case 1: 4
            case 2: 16
            case 3: 108
            default: nil
            }
        var header = ProxyHeader(client: nil)
        // What a family that we do not know has behind it cannot be told apart, and is left alone (section 2.2).
        if let addressBytes {
            let ports = addressBytes == 108 ? 0 : 4
            guard var addresses = rest.readSlice(length: 2 * addressBytes + ports) else {
                throw .malformed("is too short for its addresses")
            }
            if ports > 0, let source = addresses.readSlice(length: addressBytes) {
                addresses.moveReaderIndex(forwardBy: addressBytes)
                let port = Int(addresses.readInteger(as: UInt16.self) ?? 0)
                header.client = try? SocketAddress(packedIPAddress: source, port: port)
            }
            header.isSecure = try readExtensions(&rest, of: whole)
        }
        return isLocal ? ProxyHeader(client: nil) : header
    }

    /// Returns whether the client speaks TLS, where one of the extensions (section 2.2.1) says so.
    private static func readExtensions(
        _ rest: inout ByteBuffer, of whole: ByteBuffer
    ) throws(ProxyHeaderError) -> Bool? {
        var isSecure: Bool?
        while let type = rest.readInteger(as: UInt8.self) {
            guard let length = rest.readInteger(as: UInt16.self) else {
                throw .malformed("has an extension that goes beyond its end")
            }
            let start = rest.readerIndex
            guard let value = rest.readSlice(length: Int(length)) else {
                throw .malformed("has an extension that goes beyond its end")
            }
            switch type {
            case 0x03:  // PP2_TYPE_CRC32C
                guard let sum = value.getInteger(at: value.readerIndex, as: UInt32.self), length == 4 else {
                    throw .malformed("has a checksum of \(length) bytes; 4 are expected")
                }
                guard CRC32C.sum(of: whole, zeroing: start..<start + 4) == sum else {
                    throw .wrongChecksum
                }
            case 0x20:  // PP2_TYPE_SSL: a bit field, of which the first says that it is so, then details
                guard let bits = value.getInteger(at: value.readerIndex, as: UInt8.self), length >= 5 else {
                    throw .malformed("has a TLS extension of \(length) bytes; 5 or more are expected")
                }
                isSecure = bits & 1 == 1
            default: break
            }
        }
        return isSecure
    }
}
