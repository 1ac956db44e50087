// Firecrest — reads a file of keys, whole and not without bounds.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

enum KeyFile {
    /// - Throws: `keyUnreadable` when it cannot be read, is empty, or has more than `JWTKeySource.maxFileBytes`.
    static func read(_ path: String) throws(JWTVerifierError) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw JWTVerifierError(.keyUnreadable, "\(path) cannot be opened: \(String(cString: strerror(errno))).")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= JWTKeySource.maxFileBytes {
            let count = fread(&part, 1, part.count, file)
            guard count > 0 else { break }
            bytes += part.prefix(count)
        }
        guard ferror(file) == 0 else { throw JWTVerifierError(.keyUnreadable, "\(path) cannot be read.") }
        guard !bytes.isEmpty else { throw JWTVerifierError(.keyUnreadable, "\(path) is empty.") }
        guard bytes.count <= JWTKeySource.maxFileBytes else {
            throw JWTVerifierError(
                .keyUnreadable, "\(path) has more than \(JWTKeySource.maxFileBytes) bytes, which no file of keys has.")
        }
        return bytes
    }
}
