// Firecrest — the event of an endpoint that listens.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// `phoenix.endpoint.init`: the endpoint listens.
public struct EndpointStarted: TelemetryEvent {
    public static let name = "phoenix.endpoint.init"

    /// When, in nanoseconds since 1970.
    public let systemTime: UInt64
    /// `EndpointOptions.nodeName`.
    public let endpoint: String
    /// What it listens at.
    public let addresses: [String]
}

extension EndpointStarted {
    init(_ endpoint: String, _ addresses: [String]) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        self.init(
            systemTime: UInt64(max(0, time.tv_sec)) &* 1_000_000_000 &+ UInt64(max(0, time.tv_nsec)),
            endpoint: endpoint, addresses: addresses)
    }
}
