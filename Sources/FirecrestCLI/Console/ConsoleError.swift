// Firecrest — why a console session failed, for the person who typed the command.
// SPDX-License-Identifier: Apache-2.0

/// What happened, what was expected, and what to do about it.
struct ConsoleError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
