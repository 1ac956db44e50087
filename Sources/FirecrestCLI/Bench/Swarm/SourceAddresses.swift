// Firecrest — the local addresses that connections come from.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A source address has some 28,000 ports for one server, and looking for a free one among many takes long.
struct SourceAddresses: Sendable {
    /// IP_BIND_ADDRESS_NO_PORT of ip(7).
    static let bindAddressNoPort = ChannelOptions.Types.SocketOption(
        level: .ip, name: NIOBSDSocket.Option(rawValue: 24))

    private let given: [SocketAddress]
    /// Whether 127.0.0.0/8 is all ours.
    private let isLoopback: Bool
    private let spreads: Bool

    init(_ given: [SocketAddress], server: SocketAddress, connections: Int) {
        self.given = given
        isLoopback = server.ipAddress?.hasPrefix("127.") ?? false
        spreads = isLoopback && connections > BenchSettings.connectionsPerSource
    }

    /// `nil`: the system's choice.
    ///
    /// - Parameter storms: whether the connection is one of many in a row; then each comes from the next address, since
    ///   the ports of those before it are not free at once.
    func next(for number: Int, storms: Bool) -> SocketAddress? {
        let turn = storms ? number : number / BenchSettings.connectionsPerSource
        if !given.isEmpty { return given[turn % given.count] }
        guard spreads || storms && isLoopback else { return nil }
        return try? SocketAddress(ipAddress: "127.0.\(1 + turn / 250 % 250).\(1 + turn % 250)", port: 0)
    }
}
