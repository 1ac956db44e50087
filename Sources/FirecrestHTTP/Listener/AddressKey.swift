// Firecrest — one client's address as a limit counts it.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// An IPv4 address, or the /64 of an IPv6 one, of which a client has all. `::ffff:a.b.c.d`, the IPv4 client of a socket
/// that takes both, counts as `a.b.c.d`.
package struct AddressKey: Hashable, Sendable {
    private let network: UInt64
    private let isIPv4: Bool

    /// nil for Unix sockets.
    package init?(_ address: SocketAddress) {
        let bytes = address.withSockAddr { pointer, size in
            [UInt8](UnsafeRawBufferPointer(start: pointer, count: size))
        }
        // Where the address stands in sockaddr_in and sockaddr_in6, the same on Linux and Darwin.
        let (offset, length) = address.protocol == .inet ? (4, 4) : (8, 16)
        guard address.protocol == .inet || address.protocol == .inet6, bytes.count >= offset + length else {
            return nil
        }
        var place = bytes[offset..<offset + length]
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        if place.starts(with: mapped) { place = place.suffix(4) }
        isIPv4 = place.count == 4
        network = place.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
