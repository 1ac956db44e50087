// Firecrest — which messages of the feed one client has had.
// SPDX-License-Identifier: Apache-2.0

/// Follows the numbers of a feed that counts from 1.
struct SequenceTally {
    /// Numbers that are remembered as missing, at most; further ones stay lost should they come late.
    private static let maxMissing = 10_000

    enum Arrival: Equatable {
        case new
        case doubled
    }

    /// The largest number so far, and where counting began.
    private(set) var last: Int
    private var missing: Set<Int> = []
    private var forgotten = 0

    /// - Parameter last: the number before the first that the client is to get.
    init(after last: Int) {
        self.last = last
    }

    /// Between those that came.
    var lost: Int { missing.count + forgotten }

    mutating func arrived(_ number: Int) -> Arrival {
        if number > last {
            for absent in (last + 1)..<number {
                if missing.count < Self.maxMissing { missing.insert(absent) } else { forgotten += 1 }
            }
            last = number
            return .new
        }
        return missing.remove(number) == nil ? .doubled : .new
    }

    /// The feed has ended with `number`: what has not come by now is lost.
    mutating func end(at number: Int) {
        guard number > last else { return }
        forgotten += number - last
        last = number
    }
}
