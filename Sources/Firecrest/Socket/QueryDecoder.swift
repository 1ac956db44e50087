// Firecrest — query strings as nested parameters, by Plug's rules.
// SPDX-License-Identifier: Apache-2.0

/// `a[b]=c` nests, `a[]=1` makes lists, the last of two equal names wins, `+` and `%XX` are decoded.
///
/// Works on bytes: to Swift a delimiter and the accent behind it would be one character, and no delimiter.
package enum QueryDecoder {
    package struct Failure: Error, Hashable {
        package enum Code { case invalidEncoding, tooLong, tooMany }
        package let code: Code
    }

    /// Longest query that is looked at, in bytes (Plug's limit). The HTTP side cuts far earlier.
    package static let maxBytes = 1_000_000
    package static let maxPairs = 1_000
    package static let maxDepth = 32

    package static func decode(_ query: Substring) throws(Failure) -> ConnectParams {
        guard query.utf8.count <= maxBytes else { throw Failure(code: .tooLong) }
        let root = Node()
        // One piece more than there may be pairs holds whatever else there is.
        let pairs = query.utf8.split(separator: UInt8(ascii: "&"), maxSplits: maxPairs)
        guard pairs.count <= maxPairs else { throw Failure(code: .tooMany) }
        for pair in pairs {
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = try unescape(pair[..<(equals ?? pair.endIndex)])
            let value =
                try equals.map { equals throws(Failure) in try unescape(pair[pair.index(after: equals)...]) } ?? ""
            let (head, path) = split(name)
            guard path.count <= maxDepth else { throw Failure(code: .tooMany) }
            var node = root.member(head)
            for step in path { node = step.isEmpty ? node.item() : node.member(step) }
            node.content = .string(value)
        }
        return ConnectParams(root.members.mapValues(\.value))
    }

    /// A value that may still grow. A class, since a list of a thousand items would else be copied a thousand times.
    private final class Node {
        enum Content {
            case string(String)
            case list
            case map
        }

        var content = Content.map {
            didSet {
                // A value of another kind replaces all that was there.
                if case .list = content {} else { items = [] }
                if case .map = content {} else { members = [:] }
            }
        }
        private var items: [Node] = []
        private(set) var members: [String: Node] = [:]

        func item() -> Node {
            content = .list
            let node = Node()
            items.append(node)
            return node
        }

        func member(_ name: String) -> Node {
            content = .map
            if let node = members[name] { return node }
            let node = Node()
            members[name] = node
            return node
        }

        /// Recursion, bounded: ``QueryDecoder/maxDepth`` levels at most.
        var value: ConnectParams.Value {
            switch content {
            case .string(let text): .string(text)
            case .list: .list(items.map(\.value))
            case .map: .map(members.mapValues(\.value))
            }
        }
    }

    /// `a[b][]` is `a` and the steps `b` and the empty one. Brackets that do not close belong to the name.
    private static func split(_ name: String) -> (String, [String]) {
        let bytes = name.utf8
        guard bytes.last == UInt8(ascii: "]"), let open = bytes.firstIndex(of: UInt8(ascii: "[")),
            open != bytes.startIndex
        else { return (name, []) }
        var steps: [String] = []
        var rest = bytes[open...]
        while rest.first == UInt8(ascii: "["), let close = rest.firstIndex(of: UInt8(ascii: "]")) {
            steps.append(String(Substring(rest[rest.index(after: rest.startIndex)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        return rest.isEmpty ? (String(Substring(bytes[..<open])), steps) : (name, [])
    }

    private static func unescape(_ text: Substring.UTF8View) throws(Failure) -> String {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(Substring(text))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var iterator = text.makeIterator()
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
