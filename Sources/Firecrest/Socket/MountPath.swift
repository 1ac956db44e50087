// Firecrest — the path of a mount, with named segments.
// SPDX-License-Identifier: Apache-2.0

/// A path such as `/socket/:room/websocket`, compared segment by segment; empty segments do not count, so duplicate and
/// trailing slashes do not matter. A name that begins with `_` matches and is not handed on.
struct MountPath: Sendable, Hashable {
    private enum Segment: Hashable {
        case literal(String)
        case name(String)
    }

    private let segments: [Segment]

    init(_ parts: String...) {
        var segments: [Segment] = []
        for text in parts {
            for part in text.split(separator: "/", omittingEmptySubsequences: true) {
                segments.append(part.first == ":" ? .name(String(part.dropFirst())) : .literal(String(part)))
            }
        }
        self.segments = segments
    }

    /// The values of the named segments, or nil when the path is another one.
    func match(_ path: Substring) -> [String: String]? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count == segments.count else { return nil }
        var values: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .literal(let text): guard text == part else { return nil }
            case .name(let name): if name.first != "_" { values[name] = String(part) }
            }
        }
        return values
    }
}
