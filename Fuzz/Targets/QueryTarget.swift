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

        // Without brackets and escapes it is a plain list of pairs.
        if !text.utf8.contains(where: { "[]%".utf8.contains($0) }) {
            require(params.values == Self.reference(text), "\(params.values)")
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

    /// `a=1&b`, byte by byte; the last of two equal names wins.
    private static func reference(_ text: String) -> [String: ConnectParams.Value] {
        var values: [String: ConnectParams.Value] = [:]
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let plain = pair.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
            let parts = plain.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""
            values[String(decoding: parts[0], as: UTF8.self)] = .string(value)
        }
        return values
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
