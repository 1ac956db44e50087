// Firecrest — `ticker:all`: 200 prices, 20 updates a second, for each client as fast as it reads.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

final class TickerChannel: Channel {
    private let market = Stage.shared.market
    private var seat: Seat?  // prices move while somebody has one
    private var isPaced = false  // the client says "read" when it is through with an update
    private var isReading = false
    private var seen = 0  // the newest update that went to this client

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        seat = market.seats.take()
        guard seat != nil else { return .error(["reason": "too many readers"]) }
        isPaced = params["paced"]?.boolValue ?? false
        let prices = market.prices(since: 0)
        seen = prices.update
        return .ok(prices)
    }

    static var intercepts: [String] { ["prices"] }

    // All that is kept for a slow reader is the number `seen`: what it missed is merged by symbol, the newest price wins.
    func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) {
        if !isReading { pushNews(socket) }
    }

    static var events: [Event<TickerChannel>] {
        on("read") { ticker, _, socket in
            ticker.isReading = false
            ticker.pushNews(socket)
            return .noReply
        }
    }

    private func pushNews(_ socket: ChannelSocket) {
        let news = market.prices(since: seen)
        guard news.update > seen else { return }
        socket.push("prices", news)
        seen = news.update
        isReading = isPaced
    }
}
