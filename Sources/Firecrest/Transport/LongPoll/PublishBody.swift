// Firecrest — the body of a POST, taken apart into the frames of a client.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol
internal import FirecrestWire
package import NIOCore

/// What a client that cannot keep a connection open sends: one text message, or lines with a frame each.
///
/// Lines are for the content type `application/x-ndjson`, exactly. They end with LF or CR LF. One that begins with `[` is a
/// text frame, any other is a binary frame in base64, an empty one is nothing. Only the first ``maxLines`` lines are looked
/// at, empty ones among them: the work for a body does not grow with what it is cut into. The rest is counted.
///
/// Frames are made one at a time, each with memory of its own, so that a short message does not hold the body it came in.
/// Before the first of them everything that can be wrong has been looked for: a body that is refused has had no effect.
package struct PublishBody {
    package struct Frame {
        package let content: ByteBuffer
        package let kind: FrameKind
    }

    /// Lines of a body that are looked at, as in Phoenix. phoenix.js sends no more in a request.
    package static let maxLines = 100
    /// Longest line of base64, in bytes, as in Phoenix.
    package static let maxLineBytes = 10_000_000

    /// Lines that are not empty, behind the ones that are looked at; known after the first call of `next`.
    package private(set) var ignoredLines = 0
    private var lines: Lines
    private let isLines: Bool
    private var isChecked = false
    private var isDone = false

    /// - Parameter isLines: whether the content type says so, see ``isLines(contentType:)``.
    package init(_ body: ByteBuffer, isLines: Bool) {
        lines = Lines(rest: body)
        self.isLines = isLines
    }

    /// Whether a body with this content type is lines; with a parameter behind it, it is not.
    package static func isLines(contentType: String?) -> Bool {
        contentType.map { $0.utf8.elementsEqual("application/x-ndjson".utf8) } ?? false
    }

    /// The next frame; `nil` after the last.
    ///
    /// - Throws: `PublishBodyError`, from the first call and no other.
    package mutating func next() throws(PublishBodyError) -> Frame? {
        if !isChecked {
            isChecked = true
            try check()
        }
        guard !isDone else { return nil }
        guard isLines else {
            isDone = true
            return Frame(content: lines.rest, kind: .text)
        }
        guard let line = lines.next() else {
            isDone = true
            return nil
        }
        if line.isText { return Frame(content: ByteBuffer(bytes: line.readableBytesView), kind: .text) }
        // What `check` has read once reads the same again; were it not so, the rest of the body would be left out.
        isDone = true
        guard let content = Base64.decode(line.readableBytesUInt8Span) else { return nil }
        isDone = false
        return Frame(content: content, kind: .binary)
    }

    /// Looks at every line that will be a frame, and counts the others.
    private mutating func check() throws(PublishBodyError) {
        guard isLines else {
            guard UTF8Validator.isValid(lines.rest.readableBytesUInt8Span) else {
                isDone = true
                throw PublishBodyError(code: .textNotUTF8)
            }
            return
        }
        var ahead = lines
        while let line = ahead.next() {
            if let error = Self.fault(of: line) {
                isDone = true
                throw error
            }
        }
        ignoredLines = LineCount.count(ahead.rest.readableBytesUInt8Span)
    }

    private static func fault(of line: ByteBuffer) -> PublishBodyError? {
        if line.isText {
            return UTF8Validator.isValid(line.readableBytesUInt8Span) ? nil : PublishBodyError(code: .textNotUTF8)
        }
        guard line.readableBytes <= maxLineBytes else { return PublishBodyError(code: .lineTooLong) }
        return Base64.isValid(line.readableBytesUInt8Span) ? nil : PublishBodyError(code: .invalidBase64)
    }

    /// Cuts lines off the front, up to the limit.
    private struct Lines {
        var rest: ByteBuffer
        var taken = 0

        /// The next line that is not empty, a slice of the body.
        mutating func next() -> ByteBuffer? {
            while taken < PublishBody.maxLines, rest.readableBytes > 0 {
                taken += 1
                let view = rest.readableBytesView
                let end = view.firstIndex(of: UInt8(ascii: "\n"))
                guard var line = rest.readSlice(length: (end ?? view.endIndex) - view.startIndex) else { return nil }
                if end != nil {
                    rest.moveReaderIndex(forwardBy: 1)
                    if line.readableBytesView.last == UInt8(ascii: "\r") {
                        line.moveWriterIndex(to: line.writerIndex - 1)
                    }
                }
                if line.readableBytes > 0 { return line }
            }
            return nil
        }
    }
}

extension ByteBuffer {
    fileprivate var isText: Bool { readableBytesView.first == UInt8(ascii: "[") }
}
