// Firecrest — the path of a request's target.
// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1

extension HTTPRequestHead {
    /// The target up to the `?`. By bytes: an accent behind the `?` makes one character with it.
    var path: Substring {
        uri[..<(uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? uri.endIndex)]
    }
}
