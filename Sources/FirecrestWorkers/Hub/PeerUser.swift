// Firecrest — whose process is at the other end of a Unix socket.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import NIOCore

enum PeerUser {
    static var own: UInt32 { UInt32(getuid()) }

    /// The kernel's `struct ucred`, which the C library shows to none but GNU sources.
    private struct Credentials {
        var process: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }

    /// The user of the process that connected, as the kernel knows it. nil where it cannot be asked: the folder's permissions
    /// and the key are what holds others back then.
    static func of(_ channel: any Channel) -> EventLoopFuture<UInt32?> {
        #if canImport(Glibc) || canImport(Musl)
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let credentials: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED))
        return credentials.map { $0.user }
        #else
        return channel.eventLoop.makeSucceededFuture(nil)
        #endif
    }
}
