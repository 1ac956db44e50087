// Firecrest — the paths of mounts checked at start.
// SPDX-License-Identifier: Apache-2.0

extension MountPath {
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
}
