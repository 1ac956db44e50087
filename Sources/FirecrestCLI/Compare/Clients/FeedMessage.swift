// Firecrest — one message of the feed: its number, when it was sent, and what makes it as long as asked.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

struct FeedMessage: Equatable {
    static let topic = "feed:live"
    static let event = "tick"

    /// Counted from 1.
    var number: Int
    /// On the monotonic clock of this machine.
    var sent: NIODeadline

    /// The message as JSON of exactly `bytes` bytes, where its figures leave room for that.
    ///
    /// - Parameter isLast: told to the channel that counts them.
    func payload(bytes: Int, isLast: Bool = false) throws -> Payload {
        var text = ByteBuffer()
        text.writeString(#"{"n":\#(number),"t":\#(sent.uptimeNanoseconds),\#(isLast ? #""last":true,"# : "")"pad":""#)
        text.writeRepeatingByte(UInt8(ascii: "x"), count: max(bytes - text.readableBytes - 2, 0))
        text.writeString(#""}"#)
        return try Payload(jsonText: text)
    }

    init(number: Int, sent: NIODeadline) {
        self.number = number
        self.sent = sent
    }

    init?(_ json: JSON) {
        guard let number = json["n"]?.intValue, let time = json["t"]?.intValue, time >= 0 else { return nil }
        self.init(number: number, sent: .uptimeNanoseconds(UInt64(time)))
    }

    init?(parsing bytes: ByteBuffer) {
        guard let json = try? JSON(parsing: bytes) else { return nil }
        self.init(json)
    }
}
