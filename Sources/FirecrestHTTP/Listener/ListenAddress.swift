// Firecrest — where an endpoint listens.
// SPDX-License-Identifier: Apache-2.0

/// A place to accept connections at.
public enum ListenAddress: Sendable, Hashable {
    /// A host name or address, and a port; 0 lets the system choose one.
    case hostname(String, port: Int)
    /// A Unix domain socket. A socket file that is left over there is removed.
    case unixSocket(path: String)
    /// A listening socket that this process inherited, for example from systemd (descriptor 3) or a supervisor.
    case descriptor(Int32)
}

extension ListenAddress: CustomStringConvertible {
    public var description: String {
        switch self {
        case .hostname(let host, let port): "\(host):\(port)"
        case .unixSocket(let path): "unix:\(path)"
        case .descriptor(let number): "descriptor \(number)"
        }
    }
}
