// Firecrest — `desk:shared`: everybody's cursor and a text of eight lines, in binary frames.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

final class DeskChannel: Channel {
    private let desk = Stage.shared.desk
    private var seat: Seat?  // the cursor is gone with it, however the client leaves

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        seat = desk.enter(as: params["name"]?.stringValue ?? "")
        guard let seat else { return .error(["reason": "the desk is full"]) }
        return .ok(.binary([UInt8(seat.number)] + desk.text))
    }

    static var events: [Event<DeskChannel>] {
        on("move") { channel, message, _ in
            guard let seat = channel.seat, channel.desk.move(seat, message) else { return .error(Desk.misread) }
            return .noReply
        }
        on("write") { channel, message, _ in
            guard let version = channel.desk.write(message) else { return .error(Desk.misread) }
            return .ok(.binary(version))  // of this line: the highest one is what everybody ends up with
        }
    }
}

extension Desk: Act {
    static let ticksPerSecond = 20

    /// What changed since the last tick, to everybody: the layout of the bytes is in Desk.swift.
    func tick(_ endpoint: Endpoint) throws {
        if let cursors = movedCursors() { try endpoint.localBroadcast("desk:shared", "cursors", .binary(cursors)) }
        if let lines = changedLines() { try endpoint.localBroadcast("desk:shared", "lines", .binary(lines)) }
    }
}
