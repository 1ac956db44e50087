// Firecrest — limits on HTTP requests.
// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Limits on the HTTP side of a connection. All are on by default; a request beyond one gets an answer that names it.
public struct HTTPLimits: Sendable, Hashable {
    /// Longest request target, path and query together, in bytes; at most `maxHeaderFieldBytes`. Beyond: 414 (a pipelined
    /// or later request on a connection may get 431). Defaults to 8 KiB, which RFC 9110 §4.1 asks servers to take.
    public var maxTargetBytes = 8_192
    /// Largest single header field, name and value, in bytes. Beyond: 431. Defaults to 8 KiB, what common proxies and
    /// browsers stay under.
    public var maxHeaderFieldBytes = 8_192
    /// All header fields of a request together, in bytes. Beyond: 431. Defaults to 16 KiB.
    public var maxHeaderBytes = 16_384
    /// Header fields of a request. Beyond: 431. Defaults to 100; at most 65,000.
    public var maxHeaderFields = 100
    /// Largest request body, in bytes. Beyond: 413. Defaults to 8 MiB; a route that takes uploads raises it.
    public var maxBodyBytes = 8 * 1_048_576
    /// Longest time from a connection's start, or from the first byte of a further request, to the end of its headers.
    /// Beyond: 408 and close. Defaults to 10 s, so that a client that sends a byte now and then holds nothing for long.
    public var headerTimeout = TimeAmount.seconds(10)
    /// Longest time without a byte of an announced body. Beyond: 408 and close. Defaults to 30 s.
    public var bodyTimeout = TimeAmount.seconds(30)
    /// Longest time between two requests on a kept connection. Beyond: close. Defaults to 60 s.
    public var keepAliveTimeout = TimeAmount.seconds(60)

    public init() {}
}
