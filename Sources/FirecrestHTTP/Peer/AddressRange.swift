// Firecrest — a range of IP addresses.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// All addresses that begin with the same bits: `10.0.0.0/8`, `::1`.
package struct AddressRange: Sendable, Hashable {
    private let first: IPAddress
    private let bits: Int

    /// An address alone, or with the number of its leading bits that count (CIDR, RFC 4632 §3.1). nil for anything else,
    /// and for a range whose address has bits beyond those: `10.0.0.1/8` is more likely a mistake than meant.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2,
            let address = (try? SocketAddress(ipAddress: String(parts[0]), port: 0)).flatMap(
                IPAddress.init)
        else { return nil }
        first = address
        guard parts.count == 2 else {
            bits = address.bitWidth
            return
        }
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let bits = Int(parts[1]), bits <= address.bitWidth, address.prefix(bits) == address
        else { return nil }
        self.bits = bits
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == first.isIPv4 && address.prefix(bits) == first
    }
}
