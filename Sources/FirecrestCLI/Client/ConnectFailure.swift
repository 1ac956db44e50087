// Firecrest — why there is no TCP connection, for the person who typed the command.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOPosix

enum ConnectFailure {
    /// What happened, in a few words.
    static func describe(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            if let failed = error.connectionErrors.first { return describe(failed.error) }
            return "no address is known for this name"
        }
        if let error = error as? IOError {
            switch error.errnoCode {
            case ECONNREFUSED: return "connection refused"
            case EMFILE: return "this process has no descriptors left; raise `ulimit -n`, or use more processes"
            case ENFILE: return "the machine has no descriptors left (fs.file-max)"
            case EADDRNOTAVAIL:
                return "no free local port, or an address that is not this machine's: "
                    + "spread the connections over more --source addresses"
            default: return "\(error)"
            }
        }
        if let error = error as? ChannelError, case .connectTimeout = error { return "no answer in time" }
        return "\(error)"
    }
}
