// Firecrest — writes to a connection's socket past the channel that owns it.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import NIOCore

/// The socket of a channel, for writes that the kernel nearly always takes at once.
///
/// A write through the channel costs about as many instructions in user space as all else that is done for a message:
/// docs/performance.md has the figures. Whatever the kernel does not take, full or broken, goes to the channel, which waits,
/// retries and closes as ever. So this is only for when the channel has nothing of its own to write, and only until the
/// channel says that it is inactive: the number then belongs to somebody else.
///
/// Isolation: the channel's loop, which alone closes the socket.
struct DirectSocket {
    /// Negative: there is none.
    private let descriptor: NIOBSDSocket.Handle

    /// Takes nothing.
    static let none = DirectSocket(descriptor: -1)

    private init(descriptor: NIOBSDSocket.Handle) {
        self.descriptor = descriptor
    }

    /// `none` for a channel without a socket.
    init(of pipeline: ChannelPipeline.SynchronousOperations) {
        let handle = try? pipeline.withUnsafeTransportIfAvailable { (handle: NIOBSDSocket.Handle) in handle }
        descriptor = handle ?? -1
    }

    /// Returns how many bytes the kernel took; 0 for an error too.
    func write(_ bytes: ByteBuffer) -> Int {
        guard descriptor >= 0 else { return 0 }
        return bytes.withUnsafeReadableBytes { bytes in
            max(0, send(descriptor, bytes.baseAddress, bytes.count, Self.flags))
        }
    }

    #if canImport(Darwin)
    // NIO sets SO_NOSIGPIPE there.
    private static let flags: CInt = 0
    #else
    private static let flags = CInt(MSG_NOSIGNAL)
    #endif
}
