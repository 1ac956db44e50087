// Firecrest — the name of a user of the demo: safe in a topic, in a URL and in a shell.
// SPDX-License-Identifier: Apache-2.0

struct UserName: Hashable, Sendable, CustomStringConvertible {
    static let rule = "A user's name has 1 to 32 characters: a to z, 0 to 9 and -."

    let description: String

    init?(_ name: some StringProtocol) {
        let isAllowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isAllowed, (1...32).contains(name.utf8.count) else { return nil }
        description = String(name)
    }
}
