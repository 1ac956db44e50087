// Firecrest — how the connections of a mount are sent away when the endpoint stops.
// SPDX-License-Identifier: Apache-2.0

public import Logging

/// How the connections of a socket are closed when the endpoint shuts down (Phoenix's `drainer`): a few at a time, so that
/// their clients do not come back all at once. `true` means the defaults, `false` all at once.
///
/// The connections are closed in batches, those of one batch spread evenly over `batchInterval`: no more than `batchSize`
/// in each `batchInterval`, at any time. A drain of n connections therefore takes n ÷ `batchSize` × `batchInterval`. All
/// transports are drained, whether or not a channel is joined: WebSockets are closed with 1012 ("come back"), event streams
/// and long-poll sessions end.
///
/// A shutdown takes at most `shutdown` and then `EndpointOptions.shutdownTimeout`: the one bounds for how long closing is
/// drawn out, the other for how long what was closed may take to go.
public struct DrainOptions: Sendable, ExpressibleByBooleanLiteral {
    /// Whether connections are closed a few at a time. Defaults to true. false: all at once, with 1012 as well, and without
    /// a telemetry event.
    public var isEnabled: Bool
    /// Connections of one batch. Defaults to 10,000, as Phoenix.
    public var batchSize = 10_000
    /// How long one batch takes. Defaults to 2 s, as Phoenix: with `batchSize` 5,000 connections a second. 0: a batch is
    /// closed at once, and so are all.
    public var batchInterval: Duration = .seconds(2)
    /// How long the drain may take. What is not closed by then is closed at once, with a warning in the log that says how
    /// many. Defaults to 30 s, as Phoenix: 150,000 connections with the other defaults. Raise it for more, and the time
    /// that your supervisor gives the process with it. 0: all is closed at once.
    public var shutdown: Duration = .seconds(30)
    /// The level of the log line for each batch. nil, the default: that of the socket (`Socket.log`), or else info.
    public var log: Logger.Level?

    public init() {
        isEnabled = true
    }

    /// The defaults, changed by `configure`: `socket("/socket", UserSocket.self, drainer: .init { $0.batchSize = 1_000 })`.
    public init(_ configure: (inout DrainOptions) -> Void) {
        self.init()
        configure(&self)
    }

    public init(booleanLiteral value: Bool) {
        isEnabled = value
    }

    /// - Parameter mount: the mount's path, for the error.
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check(mount: String) throws(OptionError) {
        let check = OptionCheck(owner: "the socket at \(mount)", group: "drainer.")
        try check.limit("batchSize", batchSize)
        try check.time("batchInterval", batchInterval, allowsZero: true)
        try check.time("shutdown", shutdown, allowsZero: true)
    }
}
