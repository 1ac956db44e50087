// Firecrest — a Phoenix socket as a client has it, whichever transport carries it.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Sends and receives text frames of serializer 2.0.0.
///
/// Isolation: not Sendable; belongs to its way's client loop.
protocol ChannelLink: AnyObject {
    var delegate: (any ChannelLinkDelegate)? { get set }

    func open()
    func send(_ frame: ByteBuffer)
    /// Goes as a browser's page goes. The delegate hears nothing more.
    func close()
}

protocol ChannelLinkDelegate: AnyObject {
    func opened()
    func received(_ frame: ByteBuffer)
    /// The link ended by itself.
    func closed(_ reason: String)
}

enum SocketTarget {
    static func webSocket() -> String { "/socket/websocket?vsn=2.0.0" }

    static func longPoll(token: String?) -> String {
        "/socket/longpoll?vsn=2.0.0" + (token.map { "&token=\(encoded($0))" } ?? "")
    }

    static func eventStream() -> String { "/socket/sse?vsn=2.0.0" }
    static func eventSource(topic: String) -> String { "/socket/sse?topic=\(encoded(topic))" }
    static func post() -> String { "/socket/sse" }

    static func shortPoll(topic: String, after: String?) -> String {
        "/socket/poll?topic=\(encoded(topic))" + (after.map { "&after=\(encoded($0))" } ?? "")
    }

    /// As `encodeURIComponent`.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "!"), UInt8(ascii: "~"), UInt8(ascii: "*"), UInt8(ascii: "'"), UInt8(ascii: "("),
                UInt8(ascii: ")"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
