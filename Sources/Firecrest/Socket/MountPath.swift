// Firecrest — the path of a mount, with named segments.
// SPDX-License-Identifier: Apache-2.0

/// A path such as `/socket/:room/websocket`, compared segment by segment and byte by byte; empty segments do not count, so
/// duplicate and trailing slashes do not matter. A name that begins with `_` matches and is not handed on.
package struct MountPath: Sendable, Hashable {
    private enum Segment: Hashable {
        case literal(String)
        case name(String)
    }

    private let segments: [Segment]

    /// What is wrong with a path, as it reads on from the option's name; nil when nothing is.
    static func problem(_ text: String) -> String? {
        let expected = "it must begin with / and be written as clients send it, for example /socket/:room"
        guard text.utf8.first == UInt8(ascii: "/"), text.utf8.allSatisfy(isPathByte) else {
            return "is \"\(text)\"; \(expected)"
        }
        guard !text.split(separator: "/").contains(":") else {
            return "is \"\(text)\", with a named segment that has no name; \(expected)"
        }
        return nil
    }

    /// RFC 3986 §3.3: what a path is made of.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "/-._~%!$&'()*+,;=:@".utf8.contains(byte)
    }

    package init(_ parts: String...) {
        var segments: [Segment] = []
        for text in parts {
            for part in text.utf8.split(separator: UInt8(ascii: "/")) {
                let isName = part.first == UInt8(ascii: ":")
                segments.append(
                    isName ? .name(String(Substring(part.dropFirst()))) : .literal(String(Substring(part))))
            }
        }
        self.segments = segments
    }

    /// A name that stands for two segments, of which only one could be handed on.
    var repeatedName: String? {
        var names: Set<String> = []
        for case .name(let name) in segments where name.first != "_" && !names.insert(name).inserted { return name }
        return nil
    }

    /// Whether every path that `other` matches is matched by this one too.
    func covers(_ other: MountPath) -> Bool {
        segments.count == other.segments.count
            && zip(segments, other.segments).allSatisfy { mine, theirs in
                if case .name = mine { true } else { mine == theirs }
            }
    }

    /// The values of the named segments, or nil when the path is another one.
    package func match(_ path: Substring) -> [String: String]? {
        // Bytes, since to Swift a slash and the accent behind it would be one character.
        let parts = path.utf8.split(separator: UInt8(ascii: "/"))
        guard parts.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .literal(let text): guard text.utf8.elementsEqual(part) else { return nil }
            case .name(let name): if name.utf8.first != UInt8(ascii: "_") { values[name] = String(Substring(part)) }
            }
        }
        return values
    }
}
