// Firecrest — the file that a Unix socket is reached by.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import NIOCore

package enum UnixSocketFile {
    /// Another process listens there.
    package struct Taken: Error, CustomStringConvertible {
        package init() {}

        package var description: String { "another server listens at that socket" }
    }

    /// Whether somebody answers at `path`. A file that is left over can be removed; the socket of a running server, to which
    /// no client would find its way any more, cannot.
    ///
    /// - Throws: for a path that is too long to be a socket's.
    package static func isServed(_ path: String) throws -> Bool {
        let address = try SocketAddress(unixDomainSocketPath: path)
        #if canImport(Darwin)
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #else
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { Descriptor.close(descriptor) }
        return address.withSockAddr { connect(descriptor, $0, socklen_t($1)) } == 0
    }

    /// Removes a socket that nobody listens at. A file of another kind stays where it is.
    package static func removeLeftover(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
        // A socket cannot be opened.
        guard descriptor < 0 else { return Descriptor.close(descriptor) }
        if errno == ENXIO { unlink(path) }
    }

    package static func permit(_ permissions: UInt16, _ path: String) throws {
        guard chmod(path, mode_t(permissions)) == 0 else {
            throw IOError(errnoCode: errno, reason: "chmod \(String(permissions, radix: 8))")
        }
    }
}
