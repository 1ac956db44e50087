// Firecrest — how long a request waits for a session of another node.
// SPDX-License-Identifier: Apache-2.0

/// Time limits for sessions on other nodes. Those of this node keep their own time.
struct SessionPatience: Sendable {
    /// For a sign that the session exists: `LongPollOptions.pubsubTimeout`.
    var answerTimeout = Duration.seconds(2)
    /// How long the session may take after that: its window.
    var window = Duration.seconds(10)
}
