// Firecrest — messages and descriptors between the supervising process and one worker.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif
internal import FirecrestHTTP
internal import NIOCore

/// One end of a pair of Unix sockets that keep the borders of messages (`SOCK_SEQPACKET`), each message with at most one
/// descriptor (`SCM_RIGHTS`, unix(7)).
///
/// Isolation: none; `send` and `receive` may be called from two threads.
struct ControlSocket: Sendable {
    /// The longest message, in bytes. Both ends are ours and send far shorter ones.
    static let maxMessageBytes = 16_384

    let descriptor: CInt

    /// Both ends are closed on exec.
    static func pair() throws(ControlSocketError) -> (ControlSocket, ControlSocket) {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_SEQPACKET.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw ControlSocketError("socketpair") }
        return (ControlSocket(descriptor: ends[0]), ControlSocket(descriptor: ends[1]))
    }

    enum Sent {
        case done
        /// The other end has not read what it has.
        case full
        /// The other end is gone.
        case over
    }

    /// Never waits.
    ///
    /// - Parameter passing: a descriptor that the other end gets a copy of.
    func send(_ message: ByteBuffer, passing: CInt? = nil) -> Sent {
        let result = message.withUnsafeReadableBytes { bytes in
            DescriptorMessage.send(bytes, passing, to: descriptor)
        }
        if result >= 0 { return .done }
        // ETOOMANYREFS: more descriptors are under way than this user may have open.
        return [EAGAIN, EINTR, ENOBUFS, ENOMEM, ETOOMANYREFS].contains(errno) ? .full : .over
    }

    enum Received {
        case message(ByteBuffer, passed: CInt?)
        case nothing
        case over
    }

    /// Never waits. A descriptor that comes with a message belongs to the caller.
    func receive() -> Received {
        var message = ByteBuffer()
        var passed: CInt?
        var problem: CInt = 0
        let count = message.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.maxMessageBytes) { bytes in
            let result = DescriptorMessage.receive(bytes, from: descriptor)
            if result.count < 0 { problem = errno }
            passed = result.passed
            return max(0, result.count)
        }
        guard count == 0 else { return .message(message, passed: passed) }
        if let passed { Descriptor.close(passed) }
        return problem == EAGAIN || problem == EINTR ? .nothing : .over
    }

    /// Waits until there is something to receive, or the other end is gone.
    ///
    /// - Parameter milliseconds: waits no longer than this.
    func wait(milliseconds: CInt) {
        var entry = pollfd(fd: descriptor, events: CShort(POLLIN), revents: 0)
        poll(&entry, 1, milliseconds)
    }

    func close() { Descriptor.close(descriptor) }
}

/// The system gave no pair of sockets.
struct ControlSocketError: Error, CustomStringConvertible {
    let description: String

    init(_ call: String) {
        description = "\(call) failed with errno \(errno); raise the limit on open files (ulimit -n)"
    }
}
