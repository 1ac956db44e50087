// Firecrest — the path of a mount, with named segments.
// SPDX-License-Identifier: Apache-2.0

/// A path such as `/socket/:room/websocket`, compared segment by segment and byte by byte; empty segments do not count, so
/// duplicate and trailing slashes do not matter. A name that begins with `_` matches and is not handed on.
package struct MountPath: Sendable, Hashable {
    enum Segment: Hashable {
        case literal(String)
        case name(String)
    }

    let segments: [Segment]

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
