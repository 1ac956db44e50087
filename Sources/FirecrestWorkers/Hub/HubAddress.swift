// Firecrest — where the hub is, and the secret that opens it.
// SPDX-License-Identifier: Apache-2.0

/// What a worker must know to reach the hub. Made by the supervising process and handed to its workers, to nobody else.
package struct HubAddress: Sendable, Hashable {
    /// The path of the hub's Unix socket, in a folder that only this user can enter; at most 103 bytes.
    package let path: String
    /// What every hello must show: a random secret of one life of the supervising process.
    package let key: String

    package init(path: String, key: String) {
        self.path = path
        self.key = key
    }

    /// A socket in `folder`, with a new key of 256 bits.
    package init(folder: String) {
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<4).map { _ in
            let number = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - number.count) + number
        }
        self.init(path: "\(folder)/hub", key: digits.joined())
    }
}
