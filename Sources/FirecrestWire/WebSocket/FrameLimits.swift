// Firecrest — how much a peer may send in one frame and one message.
// SPDX-License-Identifier: Apache-2.0

/// Limits of one connection's decoder. Passing one closes the connection with 1009 (RFC 6455 §7.4.1).
///
/// Stored as 32-bit numbers, since every connection carries a copy: values under 1 count as 1, values over 1 GiB as
/// 1 GiB (a `ByteBuffer` indexes with 32 bits).
package struct FrameLimits: Sendable {
    /// The most a limit can say, in bytes or items: 1 GiB.
    package static let ceiling = 1 << 30

    private var frameBytes: UInt32 = 0
    private var messageBytes: UInt32 = 0
    private var fragments: UInt32 = 0
    private var inflateRatio: UInt32 = 0

    package init(
        maxFrameBytes: Int = 1 << 20,
        maxMessageBytes: Int = 1 << 20,
        maxFragments: Int = 1_024,
        maxInflateRatio: Int = 100
    ) {
        self.maxFrameBytes = maxFrameBytes
        self.maxMessageBytes = maxMessageBytes
        self.maxFragments = maxFragments
        self.maxInflateRatio = maxInflateRatio
    }

    /// Largest payload one data frame may declare, in bytes as sent. Defaults to 1 MiB, the same as a message.
    ///
    /// Checked against the header, before anything is allocated. Control frames have their own limit of 125 bytes.
    package var maxFrameBytes: Int {
        get { Int(frameBytes) }
        set { frameBytes = Self.clamped(newValue) }
    }

    /// Largest message, in bytes over all its fragments, both as sent and after decompression. Defaults to 1 MiB, so
    /// that one connection can pin no more than this.
    package var maxMessageBytes: Int {
        get { Int(messageBytes) }
        set { messageBytes = Self.clamped(newValue) }
    }

    /// Most data frames one message may come in, empty ones included. Defaults to 1,024.
    ///
    /// A byte limit alone does not stop empty fragments, which cost work and never add up. 1,024 lets a full message
    /// of 1 MiB come in pieces of 1 KiB; browsers send one frame per message. Autobahn 9.3 and 9.4 (4 MiB in pieces
    /// of 64 bytes) need 65,536.
    package var maxFragments: Int {
        get { Int(fragments) }
        set { fragments = Self.clamped(newValue) }
    }

    /// Most bytes one compressed byte may become. Defaults to 100.
    ///
    /// DEFLATE reaches 1,032:1 on zeros; real JSON stays under 20:1. Below ``Inflater/ratioFloorBytes`` of output the
    /// ratio is not looked at, as short repetitive messages are honest and harmless.
    package var maxInflateRatio: Int {
        get { Int(inflateRatio) }
        set { inflateRatio = Self.clamped(newValue) }
    }

    private static func clamped(_ value: Int) -> UInt32 {
        UInt32(clamping: min(max(value, 1), ceiling))
    }
}
