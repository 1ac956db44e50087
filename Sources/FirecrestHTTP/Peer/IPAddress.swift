// Firecrest — an IP address as a number.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// An IPv4 or IPv6 address, without port and zone. `::ffff:a.b.c.d`, the IPv4 client of a socket that takes both, is
/// `a.b.c.d`.
package struct IPAddress: Hashable, Sendable {
    package let isIPv4: Bool
    /// An IPv4 address stands in the upper 32 bits.
    private let value: UInt128

    private init(isIPv4: Bool, value: UInt128) {
        self.isIPv4 = isIPv4
        self.value = value
    }

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
        value = place.reduce(0) { $0 << 8 | UInt128($1) } << (place.count == 4 ? 96 : 0)
    }

    /// Four or sixteen bytes, the first of the address first.
    package var octets: [UInt8] {
        (0..<bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> UInt128(120 - 8 * $0)) }
    }

    package var bitWidth: Int { isIPv4 ? 32 : 128 }

    /// The same address with all but its first `bits` bits zero.
    package func prefix(_ bits: Int) -> IPAddress {
        IPAddress(isIPv4: isIPv4, value: bits == 0 ? 0 : value & ~UInt128(0) << UInt128(128 - bits))
    }
}
