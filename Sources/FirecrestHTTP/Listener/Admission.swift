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
    /// Of connections that the endpoint accepts itself; nil: as they come.
    let acceptPace: Pace?
    private let open = Atomic(0)
    private let seen = Atomic(0)
    /// Only addresses that have a connection, and only while `maxConnectionsPerAddress` is on: no more than connections.
    private let byAddress = NIOLockedValueBox<[AddressKey: Int]>([:])
    /// Connections that were accepted with the listener's last descriptor.
    private let marked = NIOLockedValueBox<Set<ObjectIdentifier>>([])
    private let markedCount = Atomic(0)

    /// - Parameters:
    ///   - maxConnections: nil for what the process's limit on descriptors allows.
    ///   - acceptRate: connections a second; nil for no limit.
    package init(maxConnections: Int? = nil, maxConnectionsPerAddress: Int? = nil, acceptRate: RateLimit? = nil) {
        self.maxConnections = maxConnections ?? DescriptorLimit.connections
        self.maxConnectionsPerAddress = maxConnectionsPerAddress
        acceptPace = acceptRate.map(Pace.init)
    }

    /// Called when a connection is active. nil means that it stays, and that `release` follows.
    func refusal(of channel: any Channel) -> HTTPRefusal? {
        defer { seen.add(1, ordering: .releasing) }
        if isMarked(channel) { return .outOfDescriptors }
        guard open.add(1, ordering: .relaxed).newValue <= maxConnections else {
            release()
            return .tooManyConnections
        }
        return nil
    }

    func release() {
        open.subtract(1, ordering: .relaxed)
    }

    // MARK: by address

    /// A connection's place among those of a client, kept until it ends. nil while nothing is counted by address.
    func lease(for channel: any Channel) -> AddressLease? {
        guard let maxConnectionsPerAddress else { return nil }
        let lease = AddressLease(admission: self, limit: maxConnectionsPerAddress)
        channel.closeFuture.assumeIsolated().whenComplete { _ in lease.move(to: nil) }
        return lease
    }

    fileprivate func take(_ address: AddressKey, limit: Int) -> Bool {
        byAddress.withLockedValue { table in
            guard table[address, default: 0] < limit else { return false }
            table[address, default: 0] += 1
            return true
        }
    }

    fileprivate func giveBack(_ address: AddressKey) {
        byAddress.withLockedValue { table in
            let left = table[address, default: 1] - 1
            table[address] = left > 0 ? left : nil
        }
    }

    /// Connections that began until now, refused ones too. Who reads this before `openCount` misses none that is open.
    package var seenCount: Int { seen.load(ordering: .acquiring) }

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

/// Counts one connection for one client after another: a proxy sends the requests of many over it.
///
/// Isolation: belongs to its connection's loop.
final class AddressLease {
    private let admission: Admission
    private let limit: Int
    private var address: AddressKey?

    fileprivate init(admission: Admission, limit: Int) {
        self.admission = admission
        self.limit = limit
    }

    /// Counts the connection for `address` in place of the one before.
    ///
    /// - Parameter address: nil counts it for nobody.
    /// - Returns: whether that client may have one more; if not, the connection counts for nobody.
    @discardableResult
    func move(to address: AddressKey?) -> Bool {
        guard address != self.address else { return true }
        if let before = self.address { admission.giveBack(before) }
        self.address = nil
        guard let address else { return true }
        guard admission.take(address, limit: limit) else { return false }
        self.address = address
        return true
    }
}
