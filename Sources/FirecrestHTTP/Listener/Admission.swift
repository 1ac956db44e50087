// Firecrest — how many connections an endpoint holds, in all and of one address.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Synchronization

/// Decides whether a new connection may stay. Shared by all loops of an endpoint, and touched only when a connection
/// begins or ends.
package final class Admission: Sendable {
    package let maxConnections: Int
    private let maxConnectionsPerAddress: Int?
    private let open = Atomic(0)
    /// Only addresses that have a connection, and only while `maxConnectionsPerAddress` is on: no more than connections.
    private let byAddress = NIOLockedValueBox<[AddressKey: Int]>([:])
    /// Connections that were accepted with the listener's last descriptor.
    private let marked = NIOLockedValueBox<Set<ObjectIdentifier>>([])
    private let markedCount = Atomic(0)

    /// - Parameter maxConnections: nil for what the process's limit on descriptors allows.
    package init(maxConnections: Int? = nil, maxConnectionsPerAddress: Int? = nil) {
        self.maxConnections = maxConnections ?? DescriptorLimit.connections
        self.maxConnectionsPerAddress = maxConnectionsPerAddress
    }

    /// Called when a connection is active. nil means that it stays, and that `release` follows.
    func refusal(of channel: any Channel) -> HTTPRefusal? {
        if isMarked(channel) { return .outOfDescriptors }
        guard open.add(1, ordering: .relaxed).newValue <= maxConnections else {
            release()
            return .tooManyConnections
        }
        guard let limit = maxConnectionsPerAddress, let address = channel.remoteAddress.flatMap(AddressKey.init) else {
            return nil
        }
        let isAdmitted = byAddress.withLockedValue { table in
            guard table[address, default: 0] < limit else { return false }
            table[address, default: 0] += 1
            return true
        }
        guard isAdmitted else {
            release()
            return .tooManyConnectionsFromAddress
        }
        channel.closeFuture.whenComplete { [byAddress] _ in
            byAddress.withLockedValue { table in
                let left = table[address, default: 1] - 1
                table[address] = left > 0 ? left : nil
            }
        }
        return nil
    }

    func release() {
        open.subtract(1, ordering: .relaxed)
    }

    /// Connections that are counted now.
    package var openCount: Int { open.load(ordering: .relaxed) }

    /// Addresses that are counted now.
    package var addressCount: Int { byAddress.withLockedValue { $0.count } }

    // MARK: the last descriptor

    /// `channel` is turned away as soon as it is active: it has the descriptor that the listener keeps in reserve.
    func mark(_ channel: any Channel) {
        _ = marked.withLockedValue { $0.insert(ObjectIdentifier(channel)) }
        markedCount.add(1, ordering: .releasing)
    }

    func unmark(_ channel: any Channel) {
        let wasMarked = marked.withLockedValue { $0.remove(ObjectIdentifier(channel)) } != nil
        if wasMarked { markedCount.subtract(1, ordering: .releasing) }
    }

    private func isMarked(_ channel: any Channel) -> Bool {
        guard markedCount.load(ordering: .acquiring) > 0 else { return false }
        return marked.withLockedValue { $0.contains(ObjectIdentifier(channel)) }
    }
}
