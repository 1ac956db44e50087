// Firecrest — durations as a log shows them.
// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// `1ms` above 1,000 µs, `900µs` otherwise, cut to whole ones (Phoenix's logger).
    var forLog: String {
        let (seconds, attoseconds) = components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return microseconds > 1_000 ? "\(microseconds / 1_000)ms" : "\(microseconds)µs"
    }
}
