// Firecrest — tests of who a request comes from, by the word of proxies.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import Testing

@testable import FirecrestHTTP

@Suite struct ProxyTrustTests {
    /// Address, port and scheme of the client of a request from `peer` with these headers.
    private func client(
        _ proxies: TrustedProxies, from peer: String?, isSecure: Bool = false, _ headers: HTTPHeaders
    ) throws -> String {
        let address = try peer.map { try SocketAddress(ipAddress: $0, port: 9) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: headers)
        let client = ProxyTrust(proxies).client(of: head, from: Peer(address: address, isSecure: isSecure))
        let place = client.address.map { "\($0.ipAddress ?? "") \($0.port ?? -1)" } ?? "unix"
        return "\(client.isSecure ? "https" : "http") \(place)"
    }

    // MARK: addresses

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false), ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "192.0.2.1", true), ("0.0.0.0/0", "::1", false),
        ("192.0.2.128/25", "192.0.2.129", true), ("192.0.2.128/25", "192.0.2.127", false), ("::1", "::1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::/0", "::2", true),
        ("127.0.0.1", "::ffff:127.0.0.1", true), ("::ffff:10.0.0.0/8", "10.1.1.1", true),
        ("192.0.2.1/32", "192.0.2.1", true),
    ])
    func ranges(range: String, address: String, isIn: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(IPAddress(try SocketAddress(ipAddress: address, port: 1)))
        #expect(range.contains(address) == isIn)
    }

    @Test(arguments: [
        "", "localhost", "10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8",
        "10.0.0.0/+8",
        "10.0.0", "/8", "10.0.0.0/0008",
    ])
    func what_is_no_range(text: String) {
        #expect(AddressRange(text) == nil)
        #expect(TrustedProxies([text]).malformedAddress == text)
    }

    // MARK: X-Forwarded-For

    private let ours: TrustedProxies = ["127.0.0.1", "10.0.0.0/8"]

    @Test func nobody_is_believed_unless_it_is_said() throws {
        let headers: HTTPHeaders = ["x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"]
        #expect(try client([], from: "127.0.0.1", headers) == "http 127.0.0.1 9")
        #expect(try client(ours, from: "192.0.2.1", headers) == "http 192.0.2.1 9")
        #expect(try client(ours, from: nil, headers) == "http unix")
    }

    @Test func a_proxy_of_ours_is() throws {
        let headers: HTTPHeaders = ["x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"]
        #expect(try client(ours, from: "127.0.0.1", headers) == "https 203.0.113.7 0")
        #expect(try client(["unix"], from: nil, headers) == "https 203.0.113.7 0")
    }

    /// What the client wrote itself stands in front of what our proxies wrote.
    @Test func belief_ends_at_the_first_that_is_not_ours() throws {
        let forged: HTTPHeaders = ["x-forwarded-for": "1.1.1.1, 10.9.9.9, 203.0.113.7, 10.0.0.2"]
        #expect(try client(ours, from: "127.0.0.1", forged) == "http 203.0.113.7 0")
        let lines: HTTPHeaders = [
            "x-forwarded-for": "1.1.1.1", "X-Forwarded-For": "203.0.113.7", "x-forwarded-FOR": "10.0.0.2",
        ]
        #expect(try client(ours, from: "127.0.0.1", lines) == "http 203.0.113.7 0")
    }

    @Test func where_all_are_ours_the_first_is_the_client() throws {
        #expect(
            try client(ours, from: "127.0.0.1", ["x-forwarded-for": "10.0.0.3,10.0.0.2"]) == "http 10.0.0.3 0")
    }

    @Test(arguments: [
        "", "unknown", "_hidden", "203.0.113", "203.0.113.7:x", "203.0.113.7:65536", "[::1", "nonsense é",
    ])
    func what_is_no_address_ends_belief_too(text: String) throws {
        #expect(try client(ours, from: "127.0.0.1", ["x-forwarded-for": text]) == "http 127.0.0.1 9")
        #expect(
            try client(ours, from: "127.0.0.1", ["x-forwarded-for": "1.1.1.1, \(text), 10.0.0.2"])
                == "http 10.0.0.2 0")
    }

    @Test(arguments: [
        ("203.0.113.7:4711", "203.0.113.7 4711"), ("2001:db8::7", "2001:db8::7 0"), ("[2001:db8::7]", "2001:db8::7 0"),
        ("[2001:db8::7]:80", "2001:db8::7 80"), ("\t 203.0.113.7 ", "203.0.113.7 0"),
    ])
    func addresses_with_and_without_ports(text: String, expected: String) throws {
        #expect(try client(ours, from: "127.0.0.1", ["x-forwarded-for": text]) == "http \(expected)")
    }

    @Test func the_scheme_is_what_the_nearest_proxy_says() throws {
        func scheme(_ value: String, isSecure: Bool = false) throws -> String {
            try client(ours, from: "127.0.0.1", isSecure: isSecure, ["x-forwarded-proto": value])
        }
        #expect(try scheme("https") == "https 127.0.0.1 9")
        #expect(try scheme("http", isSecure: true) == "http 127.0.0.1 9")
        #expect(try scheme("WSS") == "https 127.0.0.1 9")
        #expect(try scheme("https, http") == "http 127.0.0.1 9")
        #expect(try scheme("gopher", isSecure: true) == "https 127.0.0.1 9")
    }

    /// A client can write as many as its headers have room for.
    @Test func more_hops_than_any_chain_has_are_not_looked_at() throws {
        let many = Array(repeating: "10.0.0.2", count: ForwardedHop.maxHops)
        let value = (["203.0.113.7"] + many).joined(separator: ",")
        #expect(try client(ours, from: "127.0.0.1", ["x-forwarded-for": value]) == "http 10.0.0.2 0")
        let fewer = (["203.0.113.7"] + many.dropFirst()).joined(separator: ",")
        #expect(try client(ours, from: "127.0.0.1", ["x-forwarded-for": fewer]) == "http 203.0.113.7 0")
    }

    // MARK: Forwarded

    private var standard: TrustedProxies { TrustedProxies(ours.addresses, header: .forwarded) }

    @Test(arguments: [
        ("for=203.0.113.7", "http 203.0.113.7 0"),
        ("for=203.0.113.7;proto=https;by=10.0.0.1", "https 203.0.113.7 0"),
        ("For=\"[2001:db8::7]:4711\"; Proto=\"HTTPS\"", "https 2001:db8::7 4711"),
        ("for=1.1.1.1, for=203.0.113.7;proto=https, for=10.0.0.2;proto=http", "https 203.0.113.7 0"),
        ("for=1.1.1.1;proto=https, for=203.0.113.7, for=10.0.0.2", "http 203.0.113.7 0"),
        ("for=\"a,b;c\\\"\", for=203.0.113.7", "http 203.0.113.7 0"),
        ("for=unknown;proto=https", "https 127.0.0.1 9"), ("for=_secret", "http 127.0.0.1 9"),
        ("by=203.0.113.7", "http 127.0.0.1 9"), ("", "http 127.0.0.1 9"), ("for", "http 127.0.0.1 9"),
        ("for=\"203.0.113.7", "http 127.0.0.1 9"),
    ])
    func the_standard_header(value: String, expected: String) throws {
        #expect(try client(standard, from: "127.0.0.1", ["forwarded": value]) == expected)
    }

    /// A proxy that sets one header lets the client's other one through.
    @Test func only_the_header_that_the_proxies_set_is_read() throws {
        let headers: HTTPHeaders = ["x-forwarded-for": "203.0.113.7", "forwarded": "for=198.51.100.1"]
        #expect(try client(ours, from: "127.0.0.1", headers) == "http 203.0.113.7 0")
        #expect(try client(standard, from: "127.0.0.1", headers) == "http 198.51.100.1 0")
        #expect(
            try client(TrustedProxies(ours.addresses, header: .none), from: "127.0.0.1", headers) == "http 127.0.0.1 9")
    }
}
