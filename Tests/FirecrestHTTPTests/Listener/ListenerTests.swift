// Firecrest — tests of the places an endpoint listens at.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

@Suite struct ListenerTests {
    @Test func a_unix_socket() async throws {
        let path = "/tmp/firecrest-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        var options = EndpointOptions.test
        options.listen = [.unixSocket(path: path)]
        try await serve(options: options) { server in
            let client = try await TestClient.open(try SocketAddress(unixDomainSocketPath: path))
            defer { client.drop() }
            #expect(try await client.get("/hello").text == "hello")
            #expect(try await client.upgrade().status == 101)
            #expect(try await client.join("room:1").status == "ok")
        }
    }

    /// A server that was killed leaves its socket file behind.
    @Test func a_unix_socket_whose_file_is_left_over() async throws {
        let path = "/tmp/firecrest-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        let old = try makeSocket(AF_UNIX, bound: try SocketAddress(unixDomainSocketPath: path))
        Glibc.close(old)
        var options = EndpointOptions.test
        options.listen = [.unixSocket(path: path)]
        try await serve(options: options) { server in
            let client = try await TestClient.open(try SocketAddress(unixDomainSocketPath: path))
            defer { client.drop() }
            #expect(try await client.get("/hello").text == "hello")
        }
    }

    /// Its clients would not find their way to it any more.
    @Test func the_socket_of_a_running_server_is_left_alone() async throws {
        let path = "/tmp/firecrest-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        var options = EndpointOptions.test
        options.listen = [.unixSocket(path: path)]
        try await serve(options: options) { server in
            let endpoint = try Endpoint(options) {}
            let error = await #expect(throws: (any Error).self) { try await endpoint.run() }
            #expect(error.map { "\($0)" }?.contains("another server listens at that socket") == true)
            let client = try await TestClient.open(try SocketAddress(unixDomainSocketPath: path))
            defer { client.drop() }
            #expect(try await client.get("/hello").text == "hello")
        }
    }

    @Test func a_unix_socket_has_the_permissions_that_it_was_given() async throws {
        let path = "/tmp/firecrest-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        defer { unlink(path) }
        var options = EndpointOptions.test
        options.listen = [.unixSocket(path: path, permissions: 0o640)]
        try await serve(options: options) { _ in
            var status = stat()
            try #require(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o640)
        }
    }

    @Test func an_inherited_descriptor() async throws {
        let descriptor = try makeSocket(AF_INET, bound: try SocketAddress(ipAddress: "127.0.0.1", port: 0))
        try #require(listen(descriptor, 16) == 0)
        var options = EndpointOptions.test
        options.listen = [.descriptor(descriptor)]
        try await serve(options: options) { server in
            #expect(server.port > 0)
            let client = try await TestClient.open(server)
            #expect(try await client.get("/hello").text == "hello")
        }
    }

    /// Stands for a process that accepts.
    private final class Acceptor: ConnectionSource {
        let address = "elsewhere"
        private let taker = NIOLockedValueBox<(@Sendable (CInt) -> Void)?>(nil)

        func start(_ take: @escaping @Sendable (CInt) -> Void) throws { taker.withLockedValue { $0 = take } }
        func lost() {}
        func stop() async { taker.withLockedValue { $0 = nil } }

        func hand(_ connection: CInt) throws {
            guard let take = taker.withLockedValue({ $0 }) else { throw CancellationError() }
            take(connection)
        }
    }

    @Test func connections_that_were_accepted_elsewhere() async throws {
        let descriptor = try makeSocket(AF_INET, bound: try SocketAddress(ipAddress: "127.0.0.1", port: 0))
        defer { close(descriptor) }
        try #require(listen(descriptor, 16) == 0)
        let place = try boundAddress(of: descriptor)
        let acceptor = Acceptor()
        var options = EndpointOptions.test
        options.listen = [.handedDown(acceptor)]
        try await serve(options: options) { server in
            #expect(server.addresses == ["elsewhere"])
            for _ in 0..<3 {
                let client = try await TestClient.open(place)
                try acceptor.hand(accept(descriptor, nil, nil))
                #expect(try await client.get("/hello").text == "hello")
                client.drop()
            }
        }
        #expect(throws: CancellationError.self) { try acceptor.hand(-1) }
    }

    @Test func several_places_at_once() async throws {
        var options = EndpointOptions.test
        options.listen = [.hostname("127.0.0.1", port: 0), .hostname("127.0.0.1", port: 0)]
        try await serve(options: options) { server in
            #expect(server.addresses.count == 2)
            for address in server.addresses {
                let port = try #require(address.split(separator: ":").last.flatMap { Int($0) })
                let client = try await TestClient.open(try SocketAddress(ipAddress: "127.0.0.1", port: port))
                #expect(try await client.get("/hello").text == "hello")
                client.drop()
            }
        }
    }

    @Test func a_port_that_is_taken_is_named() async throws {
        try await serve { server in
            var options = EndpointOptions.test
            options.listen = [.hostname("127.0.0.1", port: 0), .hostname("127.0.0.1", port: server.port)]
            let endpoint = try Endpoint(options) {}
            let error = await #expect(throws: (any Error).self) { try await endpoint.run() }
            #expect(error.map { "\($0)" }?.contains("cannot listen at 127.0.0.1:\(server.port)") == true)
            #expect(!endpoint.isAccepting)
        }
    }

    private func makeSocket(_ family: Int32, bound address: SocketAddress) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        let result = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        try #require(result == 0)
        return descriptor
    }

    private func boundAddress(of descriptor: Int32) throws -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return try withUnsafeMutablePointer(to: &storage) {
            let result = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            try #require(result == 0)
            return $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
        }
    }
}
