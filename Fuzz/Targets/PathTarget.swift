// Firecrest — fuzzes the paths of mounts.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// The first line is a mount's path, the second that of its transport, the third the path of a request.
struct PathTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        guard let text = input.text else { return }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3 else { return }
        let (mount, transport, path) = (String(Substring(lines[0])), String(Substring(lines[1])), Substring(lines[2]))
        let pattern = MountPath(mount, transport)

        let values = pattern.match(path)
        require(
            Self.bytes(values) == Self.bytes(Self.reference(mount + "/" + transport, String(path))), "\(values ?? [:])")
        // Empty segments do not count.
        let padded =
            "/" + path.utf8.map { $0 == UInt8(ascii: "/") ? "//" : String(decoding: [$0], as: UTF8.self) }.joined()
        if path.utf8.allSatisfy({ $0 < 0x80 }) {
            require(pattern.match((padded + "/")[...]) == values, "slashes matter: \(padded)")
        }
        require(pattern.match(path + "/x") == nil || values == nil, "one segment more does not matter")
    }

    /// Byte by byte: the values of the named segments.
    private static func reference(_ pattern: String, _ path: String) -> [String: String]? {
        let names = pattern.utf8.split(separator: UInt8(ascii: "/"))
        let parts = path.utf8.split(separator: UInt8(ascii: "/"))
        guard names.count == parts.count else { return nil }
        var values: [String: String] = [:]
        for (name, part) in zip(names, parts) {
            if name.first != UInt8(ascii: ":") {
                guard name.elementsEqual(part) else { return nil }
            } else if name.dropFirst().first != UInt8(ascii: "_") {
                values[String(Substring(name.dropFirst()))] = String(Substring(part))
            }
        }
        return values
    }

    /// Strings compare by what they look like; here their bytes count.
    private static func bytes(_ values: [String: String]?) -> [[UInt8]: [UInt8]]? {
        values.map { Dictionary($0.map { (Array($0.utf8), Array($1.utf8)) }, uniquingKeysWith: { $1 }) }
    }
}
