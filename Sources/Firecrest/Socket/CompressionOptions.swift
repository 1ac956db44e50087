// Firecrest — how a mount compresses messages.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// permessage-deflate (RFC 7692) at a mount. `true` means the defaults, `false` not at all.
///
/// Contexts are not taken over from message to message: those of zlib, 160 KiB at the defaults, are shared by all
/// connections of an event loop that have the same level, memory level and window, and a broadcast is compressed once for
/// all of them.
public struct CompressionOptions: Sendable, Hashable, ExpressibleByBooleanLiteral {
    /// Whether compression is agreed to when a client offers it.
    public var isEnabled: Bool
    /// zlib's effort, 1 (fast) to 9 (small). Defaults to 1: on JSON, 6 saves 1 % of a 4 KiB message and 10 % of a 64 KiB
    /// one, for two and six times the time.
    public var level = 1
    /// zlib's memory for its hash table, 1 to 9. Defaults to 6; more saves nothing measurable and is cleared before each
    /// message.
    public var memoryLevel = 6
    /// The largest window that is compressed with, as a power of two, 9 to 15. Defaults to 15, 32 KiB; a client may ask
    /// for less.
    public var windowBits = 15
    /// Shorter messages are sent as they are, in bytes. Defaults to 256: compressing costs 3 µs at least, and what fits
    /// into a packet anyway saves none.
    public var minimumBytes = 256

    /// On, with the defaults, changed by `configure`.
    public init(_ configure: (inout CompressionOptions) -> Void = { _ in }) {
        isEnabled = true
        configure(&self)
    }

    public init(booleanLiteral value: Bool) {
        isEnabled = value
    }

    var deflate: DeflateOptions {
        DeflateOptions(
            level: level, memLevel: memoryLevel, serverMaxWindowBits: windowBits, minimumBytes: minimumBytes)
    }
}
