// Firecrest — a folder for the hub's socket that only this user can enter.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

struct PrivateFolder: Sendable {
    let path: String

    /// Made in `$TMPDIR`, or in /tmp where that is not set or its name is too long for a socket's path.
    ///
    /// - Throws: `WorkersError` with the reason that the system gave.
    init() throws(WorkersError) {
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let parent = temporary.isEmpty || temporary.utf8.count > 80 ? "/tmp" : temporary
        var template = Array("\(parent)/firecrest-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw WorkersError(
                code: "no_folder",
                "a folder for the socket between the workers cannot be made in \(parent) (errno \(errno)); set TMPDIR to one that can be written to"
            )
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// With the socket in it.
    func remove() {
        unlink(path + "/hub")
        rmdir(path)
    }
}
