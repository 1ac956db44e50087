// Firecrest — a listening socket that the supervising process accepts at itself.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestHTTP
#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif
internal import NIOCore

/// Never waits. Closed when the supervising process ends, and not before: a connection finds it open whatever the workers
/// do.
struct ListeningSocket: Sendable {
    let descriptor: CInt
    /// `127.0.0.1:4000`, `[::1]:4000`, or the path of a Unix socket.
    let address: String
    private let unixPath: String?

    /// - Throws: `WorkersError` with the address that cannot be used and the reason.
    init(_ place: ListenAddress, backlog: CInt) throws(WorkersError) {
        do {
            switch place.kind {
            case .hostname(let host, let port):
                let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
                descriptor = try Self.bind(address, backlog: backlog)
                unixPath = nil
            case .unixSocket(let path, let permissions):
                guard try !UnixSocketFile.isServed(path) else { throw UnixSocketFile.Taken() }
                UnixSocketFile.removeLeftover(path)
                descriptor = try Self.bind(SocketAddress(unixDomainSocketPath: path), backlog: backlog)
                if let permissions { try UnixSocketFile.permit(permissions, path) }
                unixPath = path
            case .descriptor(let number):
                guard fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) == 0 else {
                    throw IOError(errnoCode: errno, reason: "fcntl")
                }
                _ = fcntl(number, F_SETFD, FD_CLOEXEC)
                descriptor = number
                unixPath = nil
            case .handedDown: throw ChannelError.operationUnsupported
            }
        } catch {
            throw .cannotListen(place, "\(error)")
        }
        address = unixPath ?? Self.name(of: descriptor) ?? "\(place)"
    }

    private static func bind(_ address: SocketAddress, backlog: CInt) throws -> CInt {
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(CInt(address.protocol.rawValue), type, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        let call =
            address.withSockAddr { bindSocket(descriptor, $0, $1) } != 0
            ? "bind" : listen(descriptor, backlog) != 0 ? "listen" : nil
        guard let call else { return descriptor }
        let error = IOError(errnoCode: errno, reason: call)
        Descriptor.close(descriptor)
        throw error
    }

    /// What a descriptor that was inherited, or a port that the system chose, turns out to be.
    private static func name(of descriptor: CInt) -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard getsockname(descriptor, address, &length) == 0 else { return nil }
                switch CInt(address.pointee.sa_family) {
                case AF_INET:
                    return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        Listener.describe(SocketAddress($0.pointee))
                    }
                case AF_INET6:
                    return address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        Listener.describe(SocketAddress($0.pointee))
                    }
                default: return nil
                }
            }
        }
    }

    enum Accepted {
        case connection(CInt)
        /// Nobody waits, or who waited is gone.
        case nobody
        /// The system gives no descriptor now.
        case exhausted
    }

    func accept() -> Accepted {
        let connection = acceptNext(descriptor)
        if connection >= 0 { return .connection(connection) }
        return [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) ? .exhausted : .nobody
    }

    func close() {
        Descriptor.close(descriptor)
        if let unixPath { unlink(unixPath) }
    }
}

/// By a name that no method hides. No flags are needed: the descriptor is closed here before anything is started.
private func acceptNext(_ descriptor: CInt) -> CInt { accept(descriptor, nil, nil) }

private func bindSocket(_ descriptor: CInt, _ address: UnsafePointer<sockaddr>, _ bytes: Int) -> CInt {
    bind(descriptor, address, socklen_t(bytes))
}
