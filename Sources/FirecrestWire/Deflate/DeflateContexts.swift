// Firecrest — the zlib contexts of one event loop.
// SPDX-License-Identifier: Apache-2.0

/// One inflater, and a deflater for each window size that a client asked for; all made when first used.
///
/// Isolation: not Sendable; belongs to one event loop.
package final class DeflateContexts {
    /// What the deflaters are made with.
    package let options: DeflateOptions
    /// The loop's inflater.
    package private(set) lazy var inflater = Inflater()
    private var deflaters: [Int: Deflater] = [:]

    package init(options: DeflateOptions) {
        self.options = options
    }

    /// The loop's deflater for windows of `windowBits`, 9 ... 15; a value outside counts as the nearest inside, so
    /// there are at most seven.
    package func deflater(windowBits: Int) -> Deflater {
        let windowBits = min(max(windowBits, 9), 15)
        if let deflater = deflaters[windowBits] { return deflater }
        let deflater = Deflater(options: options, windowBits: windowBits)
        deflaters[windowBits] = deflater
        return deflater
    }
}

@available(*, unavailable)
extension DeflateContexts: Sendable {}
