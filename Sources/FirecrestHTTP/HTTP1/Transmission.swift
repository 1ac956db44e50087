// Firecrest — whether the other machine has what was written to it.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What TCP says about the bytes that were written last.
enum Transmission {
    /// The other machine has them.
    case complete
    case underWay
    /// The other side closed or reset the connection without having them.
    case broken

    /// - Returns: nil where the system does not tell, as for a Unix socket.
    init?(_ channel: any Channel) {
        #if os(Linux)
        guard let options = channel as? any SocketOptionProvider else { return nil }
        var found: Transmission?
        options.getTCPInfo().assumeIsolated().whenSuccess { info in
            let isConnected = info.tcpi_state == Self.established || info.tcpi_state == Self.closeWait
            let isAcknowledged = info.tcpi_unacked == 0
            found =
                switch (isConnected, isAcknowledged) {
                case (true, true): .complete
                // Its end of stream would have acknowledged what came before it.
                case (true, false): info.tcpi_state == Self.closeWait ? .broken : .underWay
                case (false, _): .broken
                }
        }
        guard let found else { return nil }
        self = found
        #else
        return nil
        #endif
    }

    // Of <netinet/tcp.h>.
    private static let established: UInt8 = 1
    private static let closeWait: UInt8 = 8
}
