// Firecrest — query strings as nested parameters, by Plug's rules.
// SPDX-License-Identifier: Apache-2.0

/// `a[b]=c` nests, `a[]=1` makes lists, the last of two equal names wins, `+` and `%XX` are decoded.
enum QueryDecoder {
    struct Failure: Error, Hashable {
        enum Code { case invalidEncoding, tooLong, tooMany }
        let code: Code
    }

    /// Longest query that is looked at, in bytes (Plug's limit). The HTTP side cuts far earlier.
    static let maxBytes = 1_000_000
    static let maxPairs = 1_000
    static let maxDepth = 32

    static func decode(_ query: Substring) throws(Failure) -> ConnectParams {
        guard query.utf8.count <= maxBytes else { throw Failure(code: .tooLong) }
        var root: [String: ConnectParams.Value] = [:]
        var pairs = 0
        for pair in query.split(separator: "&", omittingEmptySubsequences: true) {
            pairs += 1
            guard pairs <= maxPairs else { throw Failure(code: .tooMany) }
            let equals = pair.firstIndex(of: "=")
            let name = try unescape(pair[..<(equals ?? pair.endIndex)])
            let value = try unescape(equals.map { pair[pair.index(after: $0)...] } ?? "")
            let (head, path) = split(name)
            guard path.count <= maxDepth else { throw Failure(code: .tooMany) }
            root[head] = insert(.string(value), at: path[...], into: root[head])
        }
        return ConnectParams(root)
    }

    /// `a[b][]` is `a` and the steps `b` and the empty one. Brackets that do not close belong to the name.
    private static func split(_ name: String) -> (String, [String]) {
        guard name.last == "]", let open = name.firstIndex(of: "["), open != name.startIndex else { return (name, []) }
        var steps: [String] = []
        var rest = name[open...]
        while rest.first == "[", let close = rest.firstIndex(of: "]") {
            steps.append(String(rest[rest.index(after: rest.startIndex)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return rest.isEmpty ? (String(name[..<open]), steps) : (name, [])
    }

    private static func insert(
        _ value: ConnectParams.Value, at path: ArraySlice<String>, into old: ConnectParams.Value?
    ) -> ConnectParams.Value {
        guard let step = path.first else { return value }
        let rest = path.dropFirst()
        if step.isEmpty {
            var items = old?.list ?? []
            items.append(insert(value, at: rest, into: nil))
            return .list(items)
        }
        var members: [String: ConnectParams.Value] = [:]
        if case .map(let existing) = old { members = existing }
        members[step] = insert(value, at: rest, into: members[step])
        return .map(members)
    }

    private static func unescape(_ text: Substring) throws(Failure) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var iterator = text.utf8.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hex), let low = iterator.next().flatMap(hex) else {
                    throw Failure(code: .invalidEncoding)
                }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw Failure(code: .invalidEncoding) }
        return decoded
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
