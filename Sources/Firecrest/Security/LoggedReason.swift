// Firecrest — a reason that the log may know more of than the client.
// SPDX-License-Identifier: Apache-2.0

/// A reason for `ConnectError.refused(reason:)` whose `description` is for the client.
package protocol LoggedReason: Sendable {
    /// For the log.
    var logText: String { get }
}

extension ConnectError {
    /// What the log says of a refusal; nil where there is no reason.
    var loggedReason: String? {
        reason.map { ($0 as? any LoggedReason)?.logText ?? "\($0)" }.map { $0.forLog() }
    }
}
