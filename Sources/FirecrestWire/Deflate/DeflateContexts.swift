// Firecrest — the zlib contexts of one event loop.
// SPDX-License-Identifier: Apache-2.0

/// One inflater, and a deflater for each level, memory level and window in use; all made when first used.
///
/// Isolation: not Sendable; belongs to one event loop.
package final class DeflateContexts {
    private struct Key: Hashable {
        let level: Int
        let memLevel: Int
        let windowBits: Int
    }

    /// The loop's inflater.
    package private(set) lazy var inflater = Inflater()
    private var deflaters: [Key: Deflater] = [:]

    package init() {}

    /// The loop's deflater for `options` and windows of `windowBits`, 9 ... 15; a value outside counts as the nearest
    /// inside, so clients can bring about at most seven for each mount's options.
    package func deflater(_ options: DeflateOptions, windowBits: Int) -> Deflater {
        let key = Key(level: options.level, memLevel: options.memLevel, windowBits: min(max(windowBits, 9), 15))
        if let deflater = deflaters[key] { return deflater }
        let deflater = Deflater(options: options, windowBits: key.windowBits)
        deflaters[key] = deflater
        return deflater
    }
}

@available(*, unavailable)
extension DeflateContexts: Sendable {}
