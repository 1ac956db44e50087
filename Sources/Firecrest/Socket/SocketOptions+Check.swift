// Firecrest — a mount's options checked at start.
// SPDX-License-Identifier: Apache-2.0

extension SocketOptions {
    /// - Parameter mount: the mount's path, for the error.
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check(mount: String) throws(OptionError) {
        let check = OptionCheck(owner: "the socket at \(mount)")
        try check.limit("maxChannels", maxChannels)
        try check.limit("mailbox.maxMessages", mailbox.maxMessages)
        try check.limit("mailbox.maxBytes", mailbox.maxBytes, "bytes")
        try check.limit("mailbox.maxServerMessages", mailbox.maxServerMessages)
        for (name, rate) in [("messageRate", messageRate), ("joinRate", joinRate)] {
            if let problem = rate?.problem { try check.expect(false, name, problem, .outOfRange) }
        }
        try check.time("joinTimeout", joinTimeout)
        try check.time("grantLeeway", grantLeeway, allowsZero: true)
        try check.number("maxRefreshesPerMinute", maxRefreshesPerMinute, 1...60_000)
        try check.time("refreshTimeout", refreshTimeout)
        guard let refusedJoins else { return }
        try check.limit("refusedJoins.after", refusedJoins.after)
        try check.time("refusedJoins.hold", refusedJoins.hold)
        try check.limit("refusedJoins.maxTopics", refusedJoins.maxTopics)
        try check.limit("refusedJoins.maxResponseBytes", refusedJoins.maxResponseBytes, "bytes")
    }
}
