// Firecrest — fuzzes the query string of a connection's URL.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

struct QueryTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        guard let text = input.text else { return }
        let params: ConnectParams
        do throws(QueryDecoder.Failure) {
            params = try QueryDecoder.decode(text[...])
        } catch {
            require(
                error.code != .invalidEncoding || text.utf8.contains(UInt8(ascii: "%")), "\(error) without an escape")
            return require(error.code != .tooLong || text.utf8.count > QueryDecoder.maxBytes, "\(error)")
        }
        let pairs = text.utf8.split(separator: UInt8(ascii: "&")).count
        require(pairs <= QueryDecoder.maxPairs, "\(pairs) pairs")
        let size = Self.measure(.map(params.values))
        require(size.leaves <= pairs && size.depth <= QueryDecoder.maxDepth + 1, "\(size) of \(pairs) pairs")
        require(size.bytes <= text.utf8.count, "\(size.bytes) bytes of \(text.utf8.count)")

        // Without brackets it is a plain list of pairs. So are the topic, payload, token, cursor and numbers of the
        // transports that have no WebSocket.
        if let reference = Self.reference(text) {
            require(Self.bytes(params.values) == reference, "\(params.values)")
        }
        // Written out and read again it is the same.
        let written = Self.write(params)
        require((try? QueryDecoder.decode(written[...])) == params, "\(written) is not \(params.values)")
    }

    private static func measure(_ value: ConnectParams.Value) -> (leaves: Int, depth: Int, bytes: Int) {
        switch value {
        case .string(let text): return (1, 0, text.utf8.count)
        case .list(let items):
            return sum(items.map(measure))
        case .map(let members):
            var sum = sum(members.values.map(measure))
            sum.bytes += members.keys.reduce(0) { $0 + $1.utf8.count }
            return sum
        }
    }

    private static func sum(_ parts: [(leaves: Int, depth: Int, bytes: Int)]) -> (leaves: Int, depth: Int, bytes: Int) {
        parts.reduce(into: (0, 1, 0)) { $0 = ($0.0 + $1.leaves, max($0.1, $1.depth + 1), $0.2 + $1.bytes) }
    }

    /// `a=1&b`, byte by byte; the last of two equal names wins. `nil` when there is a bracket in a name.
    private static func reference(_ text: String) -> [String: [UInt8]]? {
        var values: [String: [UInt8]] = [:]
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = plain(Array(parts[0]))
            if name.contains(where: { "[]".utf8.contains($0) }) { return nil }
            values[String(decoding: name, as: UTF8.self)] = parts.count > 1 ? plain(Array(parts[1])) : []
        }
        return values
    }

    /// Without escapes, which are known to be whole.
    private static func plain(_ bytes: [UInt8]) -> [UInt8] {
        var (plain, index) = ([UInt8](), 0)
        while index < bytes.count {
            let isEscape = bytes[index] == UInt8(ascii: "%")
            let byte = bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index]
            let value =
                isEscape ? UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16) : byte
            plain.append(value ?? 0)
            index += isEscape ? 3 : 1
        }
        return plain
    }

    /// Strings compare by what they look like, as names do; of values the bytes count.
    private static func bytes(_ values: [String: ConnectParams.Value]) -> [String: [UInt8]]? {
        var bytes: [String: [UInt8]] = [:]
        for (name, value) in values {
            guard case .string(let text) = value else { return nil }
            bytes[name] = Array(text.utf8)
        }
        return bytes
    }

    private static func write(_ params: ConnectParams) -> String {
        var pairs: [String] = []
        func add(_ value: ConnectParams.Value, _ name: String) {
            switch value {
            case .string(let text): pairs.append(escape(name) + "=" + escape(text))
            case .list(let items): for item in items { add(item, name + "[]") }
            case .map(let members): for (key, member) in members { add(member, name + "[\(key)]") }
            }
        }
        for (name, value) in params.values { add(value, name) }
        return pairs.joined(separator: "&")
    }

    private static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
