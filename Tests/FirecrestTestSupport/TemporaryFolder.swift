// Firecrest — a folder that is gone when the test is.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

package final class TemporaryFolder: Sendable {
    private let root: String

    package init() throws {
        var template = Array("/tmp/firecrest-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("no temporary folder: errno \(errno)") }
        root = String(cString: made)
    }

    package func path(_ name: String) -> String { "\(root)/\(name)" }

    /// Writes a file anew.
    package func write(_ name: String, _ text: String) throws {
        guard let file = fopen(path(name), "w") else { throw TestFailure("cannot write \(name): errno \(errno)") }
        defer { fclose(file) }
        guard text.isEmpty || fputs(text, file) >= 0 else { throw TestFailure("cannot write \(name): errno \(errno)") }
    }

    deinit {
        if let folder = opendir(root) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink(path(name)) }
            }
            closedir(folder)
        }
        rmdir(root)
    }
}
