// Firecrest — tests of whom the limit on connections takes for one client.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import NIOCore
import Testing

@Suite struct AddressKeyTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("::ffff:192.0.2.1", "192.0.2.1", true), ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("::1", "0.0.0.1", false),
    ])
    func an_ipv4_address_or_the_network_of_an_ipv6_one(one: String, other: String, isSame: Bool) throws {
        let keys = try [one, other].map { address in
            try #require(AddressKey(try SocketAddress(ipAddress: address, port: 4_000)))
        }
        #expect((keys[0] == keys[1]) == isSame)
    }

    @Test func the_port_does_not_count() throws {
        let keys = try [1, 2].map { AddressKey(try SocketAddress(ipAddress: "192.0.2.1", port: $0)) }
        #expect(keys[0] == keys[1])
    }

    @Test func a_unix_socket_has_no_address() throws {
        #expect(AddressKey(try SocketAddress(unixDomainSocketPath: "/a")) == nil)
    }
}
