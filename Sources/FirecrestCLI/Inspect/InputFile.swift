// Firecrest — bytes from a file, from standard input or from an argument, bounded.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore

enum InputFile {
    /// Most bytes of one input: 64 MiB. All of it is held in memory.
    static let maxBytes = 64 << 20

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter path: `-` is standard input.
    static func read(_ path: String, limit: Int = maxBytes) throws(Failure) -> ByteBuffer {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(description: "cannot open \(path): \(reason())") }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var buffer = ByteBuffer()
        while true {
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 << 10) { space in
                max(Glibc.read(descriptor, space.baseAddress, space.count), 0)
            }
            if count == 0 {
                // Either the end or an error, which a read of nothing tells apart.
                guard Glibc.read(descriptor, nil, 0) >= 0 else {
                    throw Failure(description: "cannot read \(path): \(reason())")
                }
                return buffer
            }
            guard buffer.readableBytes <= limit else {
                throw Failure(
                    description: "\(path) has more than \(limit) bytes (\(limit >> 20) MiB), the most that is read")
            }
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
