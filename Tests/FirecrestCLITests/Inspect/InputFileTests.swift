// Firecrest — inputs are bounded, and failures to read them say why
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("inspect: files")
struct InputFileTests {
    @Test("a file over the limit is refused with the limit in the sentence")
    func boundsInput() throws {
        let path = #filePath
        let size = try InputFile.read(path).readableBytes
        #expect(try InputFile.read(path, limit: size).readableBytes == size)
        let failure = #expect(throws: InputFile.Failure.self) { try InputFile.read(path, limit: size - 1) }
        #expect(failure?.description.contains("has more than \(size - 1) bytes") == true)
    }

    @Test("what cannot be read", arguments: [("/nonexistent/file", "cannot open"), ("/", "cannot read")])
    func namesTheReason(path: String, words: String) {
        let failure = #expect(throws: InputFile.Failure.self) { try InputFile.read(path) }
        #expect(failure?.description.contains(words) == true)
    }
}
