// Firecrest — compression settings of a mount.
// SPDX-License-Identifier: Apache-2.0

/// How messages are compressed, when the client asks for it (RFC 7692).
///
/// Context takeover is never used: contexts are shared by all connections of a loop, 300 KiB once instead of 300 KiB per
/// connection, and a compressed broadcast is one buffer for all its receivers.
package struct DeflateOptions: Sendable, Equatable {
    /// zlib's effort, 1 (fast) ... 9 (small). Defaults to 1.
    package var level: Int
    /// zlib's memory for the hash table and pending output, 1 ... 9. Defaults to 6.
    package var memLevel: Int
    /// The largest LZ77 window we compress with, as a power of two, 9 ... 15. Defaults to 15, 32 KiB.
    ///
    /// A client may ask for less (RFC 7692 §7.1.2.1). 8 is no choice, as zlib's raw deflate does not do it.
    package var serverMaxWindowBits: Int
    /// Messages under this many bytes are sent as they are. Defaults to 256.
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
