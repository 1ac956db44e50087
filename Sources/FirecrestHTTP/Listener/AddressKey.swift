// Firecrest — one client's address as a limit counts it.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// An IPv4 address, or the /64 of an IPv6 one, of which a client has all.
package struct AddressKey: Hashable, Sendable {
    private let network: IPAddress

    /// nil for Unix sockets.
    package init?(_ address: SocketAddress) {
        guard let address = IPAddress(address) else { return nil }
        network = address.prefix(address.isIPv4 ? 32 : 64)
    }
}
