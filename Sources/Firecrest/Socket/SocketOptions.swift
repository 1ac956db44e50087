// Firecrest — a mount's options that do not depend on the transport.
// SPDX-License-Identifier: Apache-2.0

/// A mount's options that do not depend on the transport.
public struct SocketOptions: Sendable {
    /// Channels that one connection may have joined at once. Beyond: the error reply `too many channels joined`.
    /// Defaults to 100, as Phoenix.
    public var maxChannels = 100
    public var mailbox = MailboxLimits()
    /// The serializers, and which protocol versions get which; the first that takes a client's `vsn` serves it. Defaults to
    /// 1.0.0 and 2.0.0 (Phoenix's `serializer` option).
    public var serializers: [SerializerOption] = [.v1, .v2]
    /// How many messages one connection may send. Beyond: the error reply
    /// `{"reason": "rate limited", "retry_after_ms": n}`, and the message is not handled. Heartbeats and leaves are not
    /// counted, so that a client at its limit can stay and can go. nil, the default: no limit.
    public var messageRate: RateLimit?
    /// How many joins one connection may ask for; each counts as a message too. Beyond: as `messageRate`. nil, the
    /// default: no limit but `maxChannels`.
    public var joinRate: RateLimit?
    /// Longest time that `join` may take. Then the client gets the error reply `join crashed` and the task is cancelled.
    /// nil, the default, as in Phoenix: no limit; phoenix.js itself gives up after 10 s.
    public var joinTimeout: Duration?
    /// How refused joins are remembered. nil: they are not, and each is asked about, as in Phoenix.
    public var refusedJoins: RefusedJoinLimits? = RefusedJoinLimits()
    /// How much longer a grant (`Socket.grant`) holds than it says, for clients that present a fresh token a moment late and
    /// for issuers whose clocks are behind. Defaults to 0.
    public var grantLeeway = Duration.zero
    /// How many fresh tokens one connection may present in a minute, and at once. Beyond: as `messageRate`. Defaults to 10:
    /// tokens live for minutes at least, and each costs a run of `refresh`.
    public var maxRefreshesPerMinute = 10
    /// Longest time that `refresh` may take. Then its task is cancelled, the client gets the error reply
    /// `refresh took too long`, and what it had stays. Defaults to 10 s, as long as phoenix.js waits for a reply. nil: no
    /// limit.
    public var refreshTimeout: Duration? = .seconds(10)

    public init() {}
}
