// Firecrest — tests of the places an endpoint listens at.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
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
}
