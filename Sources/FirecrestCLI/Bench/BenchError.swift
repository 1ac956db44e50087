// Firecrest — why a run did not take place, for the person who typed the command.
// SPDX-License-Identifier: Apache-2.0

/// What happened, and what to do about it.
struct BenchError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
