// Firecrest — 200 prices that walk at random, each with the number of the update that changed it last.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import NIOConcurrencyHelpers

final class Market: Act {
    /// Prices with what a reader has to know about them.
    struct Prices: Encodable, Sendable {
        /// The number of the newest update.
        let update: Int
        /// How many updates are merged in this one.
        let merged: Int
        /// By symbol; only those that changed.
        let prices: [String: Double]
    }

    private struct Quote {
        let symbol: String
        var cents: Int
        var update = 0
    }

    private struct State {
        var quotes = Market.symbols.map { Quote(symbol: $0, cents: .random(in: 1_000...40_000)) }
        var update = 0
    }

    static let ticksPerSecond = 20
    private static let changesPerTick = 20

    /// 10 × 20 syllables.
    private static let symbols = ["FI", "GO", "WR", "LA", "SW", "HE", "KI", "PL", "CR", "DI"].flatMap { first in
        "RE CR LD EN RK IF RN ST TE OV AN IN OW UM AB EL OR US AX YO".split(separator: " ").map { first + $0 }
    }

    let seats = Seats(limit: 1_000)
    private let state = NIOLockedValueBox(State())

    func tick(_ endpoint: Endpoint) throws {
        let news = state.withLockedValue { state in
            state.update += 1
            for _ in 0..<Self.changesPerTick {
                let index = Int.random(in: state.quotes.indices)
                let cents = state.quotes[index].cents
                let most = max(1, cents / 200)
                state.quotes[index].cents = min(max(cents + .random(in: -most...most), 100), 99_999)
                state.quotes[index].update = state.update
            }
            return Self.prices(of: state, since: state.update - 1)
        }
        try endpoint.localBroadcast("ticker:all", "prices", news)
    }

    /// The newest price of each symbol that changed after an update; of all, for 0.
    func prices(since update: Int) -> Prices {
        state.withLockedValue { Self.prices(of: $0, since: update) }
    }

    private static func prices(of state: State, since update: Int) -> Prices {
        let changed = state.quotes.lazy.filter { update == 0 || $0.update > update }
        return Prices(
            update: state.update, merged: state.update - update,
            prices: Dictionary(changed.map { ($0.symbol, Double($0.cents) / 100) }) { $1 })
    }
}
