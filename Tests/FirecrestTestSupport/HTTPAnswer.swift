// Firecrest — an HTTP response as a test sees it.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Status, header fields in their order, and the whole body.
package struct HTTPAnswer: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body = ByteBuffer()

    /// The first field of that name, whatever its case.
    package subscript(name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package func all(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    package var text: String { String(buffer: body) }

    /// The stable code of a refusal.
    package var errorCode: String? { self["x-firecrest-error"] }

    /// Parses a head that ends with an empty line.
    init(head: String) throws {
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        let words = lines.popFirst()?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw TestFailure("no HTTP response begins like this: \(head.prefix(200))")
        }
        self.status = status
        headers = try lines.map { line in
            guard let colon = line.firstIndex(of: ":") else { throw TestFailure("no header field: \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]), String(value))
        }
    }
}
