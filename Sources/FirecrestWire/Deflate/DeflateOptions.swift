// Firecrest — compression settings of a mount.
// SPDX-License-Identifier: Apache-2.0

/// How messages are compressed, when the client asks for it (RFC 7692).
///
/// Context takeover is never used: contexts are shared by all connections of a loop, 200 KiB once instead of 200 KiB
/// per connection, and a compressed broadcast is one buffer for all its receivers.
package struct DeflateOptions: Sendable, Equatable {
    /// zlib's effort, 1 (fast) ... 9 (small). Defaults to 1.
    ///
    /// On JSON, 6 saves 1 % of a 4 KiB message and 10 % of a 64 KiB one, for two and six times the time
    /// (4 KiB: 7 µs and 15 µs; 64 KiB: 77 µs and 490 µs), and that time is taken from every connection of the loop.
    package var level: Int
    /// zlib's memory for the hash table and pending output, 1 ... 9. Defaults to 6.
    ///
    /// zlib clears the hash table before each message: at its own default of 8 that costs a short message 10 % more
    /// time and each context 96 KiB more, and saves nothing measurable.
    package var memLevel: Int
    /// The largest LZ77 window we compress with, as a power of two, 9 ... 15. Defaults to 15, 32 KiB.
    ///
    /// A client may ask for less (RFC 7692 §7.1.2.1). 8 is no choice, as zlib's raw deflate does not do it.
    package var serverMaxWindowBits: Int
    /// Messages under this many bytes are sent as they are. Defaults to 256.
    ///
    /// Compressing costs 3 µs at least. A typical 210 bytes become 129, which saves no packet; 1,000 become 256.
    package var minimumBytes: Int
    /// Most bytes one compressed byte of a client may become. Defaults to 100.
    ///
    /// The decoder takes it from ``FrameLimits/maxInflateRatio``; whoever makes the limits copies it there.
    package var maxInflateRatio: Int

    /// Values out of range count as the nearest in range.
    package init(
        level: Int = 1, memLevel: Int = 6, serverMaxWindowBits: Int = 15, minimumBytes: Int = 256,
        maxInflateRatio: Int = 100
    ) {
        self.level = min(max(level, 1), 9)
        self.memLevel = min(max(memLevel, 1), 9)
        self.serverMaxWindowBits = min(max(serverMaxWindowBits, 9), 15)
        self.minimumBytes = max(minimumBytes, 0)
        self.maxInflateRatio = max(maxInflateRatio, 1)
    }
}
