// Firecrest — fuzzes PROXY protocol headers.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// The first byte chooses the limit and where the read is cut; the rest is how a connection begins.
struct ProxyTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let settings = input.byte()
        let limit = settings & 1 == 0 ? 64 : 4_096
        let bytes = input.rest
        var buffer = ByteBuffer(bytes: bytes)
        let result = Self.read(&buffer, limit + (hasPlantedBug ? 1 : 0))
        check(result, Reference(bytes, limit: limit), bytes, left: buffer)
        checkCut(bytes, at: Int(settings >> 1), result, limit)
    }

    private enum Result: Equatable {
        case header(ProxyHeader)
        case more
        case refused(ProxyHeaderError.Code)
    }

    private static func read(_ buffer: inout ByteBuffer, _ limit: Int) -> Result {
        do throws(ProxyHeaderError) {
            return try ProxyHeader.read(from: &buffer, maxBytes: limit).map { .header($0) } ?? .more
        } catch {
            return .refused(error.code)
        }
    }

    private func check(_ result: Result, _ reference: Reference, _ bytes: [UInt8], left: ByteBuffer) {
        switch (result, reference.outcome) {
        case (.header(let header), .header(let address, let port, let isSecure, let size)):
            require(header.client?.ipAddress == address, "\(header) for \(address ?? "none")")
            require(address == nil || header.client?.port == port, "\(header) for port \(port)")
            require(header.isSecure == isSecure, "\(header) for \(String(describing: isSecure))")
            require(
                left.bytes == Array(bytes[size...]), "\(bytes.count - left.readableBytes) bytes of \(size) were taken")
        case (.more, .more), (.refused, .refused):
            require(left.bytes == bytes, "bytes of no header were taken")
        default: require(false, "\(result) where \(reference.outcome) is expected")
        }
    }

    /// What has been read in pieces says the same, and a part that is refused is refused whole too.
    private func checkCut(_ bytes: [UInt8], at place: Int, _ whole: Result, _ limit: Int) {
        var part = ByteBuffer(bytes: bytes.prefix(place))
        switch Self.read(&part, limit + (hasPlantedBug ? 1 : 0)) {
        case .more: break
        case .header(let header): require(whole == .header(header), "\(whole) after \(header)")
        case .refused:
            if case .refused = whole { return }
            require(false, "\(whole) after a part was refused")
        }
    }
}

/// The specification, read a second time and without haste.
private struct Reference {
    enum Outcome {
        case header(address: String?, port: Int, isSecure: Bool?, size: Int)
        case more, refused
    }

    private(set) var outcome: Outcome

    init(_ bytes: [UInt8], limit: Int) {
        outcome = bytes.first == 0x0D ? Self.version2(bytes, limit) : Self.version1(bytes)
    }

    private static func version1(_ bytes: [UInt8]) -> Outcome {
        let start = Array("PROXY ".utf8)
        guard bytes.prefix(6).elementsEqual(start.prefix(bytes.count)) else { return .refused }
        guard let newline = bytes.prefix(107).firstIndex(of: 0x0A) else { return bytes.count < 107 ? .more : .refused }
        guard newline > 0, bytes[newline - 1] == 0x0D else { return .refused }
        let words = bytes[..<(newline - 1)].split(separator: 0x20, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        let unknown = Outcome.header(address: nil, port: 0, isSecure: nil, size: newline + 1)
        if words.count >= 2, Array(words[1].utf8) == Array("UNKNOWN".utf8) { return unknown }
        guard words.count == 6, words[1].utf8.elementsEqual("TCP4".utf8) || words[1].utf8.elementsEqual("TCP6".utf8)
        else { return .refused }
        guard let port = number(words[4]), number(words[5]) != nil else { return .refused }
        var addresses: [String] = []
        for text in words[2...3] {
            guard let address = try? SocketAddress(ipAddress: text, port: 0), let spelled = address.ipAddress,
                words[1].utf8.last == UInt8(ascii: spelled.utf8.contains(0x3A) ? "6" : "4")
            else { return .refused }
            addresses.append(spelled)
        }
        return .header(address: addresses[0], port: port, isSecure: nil, size: newline + 1)
    }

    private static func number(_ text: String) -> Int? {
        guard let number = UInt16(text), String(number).utf8.elementsEqual(text.utf8) else { return nil }
        return Int(number)
    }

    private static func version2(_ bytes: [UInt8], _ limit: Int) -> Outcome {
        let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
        guard bytes.prefix(12).elementsEqual(signature.prefix(bytes.count)) else { return .refused }
        guard bytes.count > 12 else { return .more }
        guard bytes[12] == 0x20 || bytes[12] == 0x21 else { return .refused }
        guard bytes.count >= 16 else { return .more }
        let size = 16 + Int(bytes[14]) * 256 + Int(bytes[15])
        guard size <= limit else { return .refused }
        guard bytes.count >= size else { return .more }
        let body = Array(bytes[16..<size])
        let lengths: [UInt8: Int] = [1: 12, 2: 36, 3: 216]
        guard let length = lengths[bytes[13] >> 4] else {
            return .header(address: nil, port: 0, isSecure: nil, size: size)
        }
        guard body.count >= length, let isSecure = extensions(Array(body[length...]), Array(bytes[..<size])) else {
            return .refused
        }
        guard bytes[12] == 0x21 else { return .header(address: nil, port: 0, isSecure: nil, size: size) }
        guard length < 216 else { return .header(address: nil, port: 0, isSecure: isSecure, size: size) }
        let packed = ByteBuffer(bytes: body[..<(length == 12 ? 4 : 16)])
        let place = length - 4
        let port = Int(body[place]) * 256 + Int(body[place + 1])
        let address = try? SocketAddress(packedIPAddress: packed, port: port)
        return .header(address: address?.ipAddress, port: port, isSecure: isSecure, size: size)
    }

    /// nil where they are malformed.
    private static func extensions(_ bytes: [UInt8], _ whole: [UInt8]) -> Bool?? {
        var (rest, isSecure) = (bytes[...], Bool?.none)
        while let type = rest.popFirst() {
            guard rest.count >= 2 else { return nil }
            let length = Int(rest.removeFirst()) * 256 + Int(rest.removeFirst())
            guard rest.count >= length else { return nil }
            let value = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            switch type {
            case 0x03:
                let place = whole.count - rest.count - length
                var zeroed = whole
                guard length == 4 else { return nil }
                for index in place..<(place + 4) { zeroed[index] = 0 }
                guard checksum(zeroed) == value.reduce(0, { $0 << 8 | UInt32($1) }) else { return nil }
            case 0x20:
                guard length >= 5 else { return nil }
                isSecure = value[0] % 2 == 1
            default: break
            }
        }
        return .some(isSecure)
    }

    /// CRC-32C by polynomial division, the bits of a byte in the other order.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var remainder = ~UInt32(0)
        for byte in bytes {
            for bit in 0..<8 {
                let isSet = (remainder >> 31 & 1 == 1) != (byte >> bit & 1 == 1)
                remainder <<= 1
                if isSet { remainder ^= 0x1EDC_6F41 }
            }
        }
        var reversed: UInt32 = 0
        for bit in 0..<32 where remainder >> bit & 1 == 1 { reversed |= 1 << (31 - bit) }
        return ~reversed
    }
}
