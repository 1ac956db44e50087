// Firecrest — accepts at one address for several endpoints.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import NIOCore
internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Gives each of its endpoints a connection in turn, as a supervising process does with its workers. The second gets the
/// first one, so that what a test says on the first endpoint crosses over to its client.
final class SpreadingListener: Sendable {
    private struct State {
        var takes: [(@Sendable (CInt) -> Void)?]
        var waiting: Int
        var turn = 0
    }

    /// One endpoint's part.
    private final class Source: ConnectionSource {
        let listener: SpreadingListener
        let index: Int

        init(_ listener: SpreadingListener, _ index: Int) {
            (self.listener, self.index) = (listener, index)
        }

        var address: String { listener.address }

        func start(_ take: @escaping @Sendable (CInt) -> Void) throws { listener.start(index, take) }

        func lost() {}

        func stop() async { listener.stop(index) }
    }

    let address: String
    private let descriptor: CInt
    private let state: NIOLockedValueBox<State>
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// - Parameter count: how many endpoints.
    init(host: String, port: Int, count: Int) throws {
        let place = try SocketAddress.makeAddressResolvingHost(host, port: port)
        #if canImport(Darwin)
        let descriptor = socket(CInt(place.protocol.rawValue), SOCK_STREAM, 0)
        #else
        let descriptor = socket(CInt(place.protocol.rawValue), CInt(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { throw TestFailure("socket: errno \(errno)") }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var yes: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard place.withSockAddr({ bind(descriptor, $0, socklen_t($1)) }) == 0, listen(descriptor, 1_024) == 0 else {
            let code = errno
            _ = close(descriptor)
            throw TestFailure("\(host):\(port) cannot be listened at: errno \(code)")
        }
        self.descriptor = descriptor
        address = "\(host.contains(":") ? "[\(host)]" : host):\(Self.port(of: descriptor))"
        state = NIOLockedValueBox(State(takes: Array(repeating: nil, count: count), waiting: count))
    }

    func source(_ index: Int) -> any ConnectionSource { Source(self, index) }

    private static func port(of descriptor: CInt) -> Int {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0 else { return 0 }
        // The port stands at the same place in both kinds of address.
        return withUnsafeBytes(of: &storage) { Int($0[2]) << 8 | Int($0[3]) }
    }

    /// For one whose endpoints never started.
    func abandon() {
        _ = close(descriptor)
    }

    // MARK: endpoints

    private func start(_ index: Int, _ take: @escaping @Sendable (CInt) -> Void) {
        let isLast = state.withLockedValue { state in
            state.takes[index] = take
            state.waiting -= 1
            return state.waiting == 0
        }
        guard isLast else { return }
        thread.start()
        thread.submit { _ in self.acceptAll() }
    }

    private func stop(_ index: Int) {
        let isLast = state.withLockedValue { state in
            state.takes[index] = nil
            return state.takes.allSatisfy { $0 == nil }
        }
        // Wakes the thread, which closes it.
        if isLast { shutdown(descriptor, CInt(SHUT_RDWR)) }
    }

    private func acceptAll() {
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            give(connection)
        }
        _ = close(descriptor)
        thread.shutdownGracefully { _ in }
    }

    /// In the lock, so that nobody is given anything after it has stopped.
    private func give(_ connection: CInt) {
        state.withLockedValue { state in
            for _ in state.takes.indices {
                state.turn = (state.turn + 1) % state.takes.count
                if let take = state.takes[state.turn] { return take(connection) }
            }
            _ = close(connection)
        }
    }
}
