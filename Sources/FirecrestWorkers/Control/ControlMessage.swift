// Firecrest — what the supervising process and a worker say to each other.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// From the supervising process.
enum Order: Equatable {
    /// Comes first.
    case welcome(Welcome)
    /// A connection that was accepted at one of the listeners; its descriptor comes with it.
    case connection(listener: Int)
    /// No connection comes after this.
    case last
}

/// What a worker must know to begin.
struct Welcome: Equatable {
    var slot: Int
    var life: Int
    var count: Int
    /// What each listener is bound to, with the ports that the system chose.
    var addresses: [String]
    var hubPath: String
    var hubKey: String
    /// For the endpoint that has no `secretKeyBase` of its own: all workers need the same.
    var secret: String
}

/// From a worker.
enum Report: Equatable {
    /// Connections can be handed over.
    case ready
    /// - settled: connections that were handed over and have begun, or never will, over the worker's life.
    /// - open: connections that it holds now.
    /// - capacity: how many it can hold.
    case load(settled: Int, open: Int, capacity: Int)
    /// It is about to stop, of its own accord: `Order.last` is awaited.
    case stopping
    /// One of its event loops is blocked for so long that it asks to be replaced.
    case stuck(loop: Int, milliseconds: Int, code: String)
}

/// The first byte is the kind; numbers are 8 bytes big-endian, texts have 4 bytes of length before them. Both ends are one
/// build most of the time and may be two around a deploy, so the first message carries a version: who finds another
/// one than its own does not start.
enum ControlCoding {
    static let version: UInt8 = 1

    static func encode(_ order: Order) -> ByteBuffer {
        var bytes = ByteBuffer()
        switch order {
        case .welcome(let welcome):
            bytes.writeBytes([0, version])
            for number in [welcome.slot, welcome.life, welcome.count, welcome.addresses.count] {
                bytes.writeInteger(UInt64(clamping: number))
            }
            for text in welcome.addresses + [welcome.hubPath, welcome.hubKey, welcome.secret] {
                write(text, to: &bytes)
            }
        case .connection(let listener): bytes.writeBytes([1, UInt8(clamping: listener)])
        case .last: bytes.writeInteger(UInt8(2))
        }
        return bytes
    }

    /// nil for what no order of this version is.
    static func order(_ bytes: ByteBuffer) -> Order? {
        var bytes = bytes
        switch bytes.readInteger(as: UInt8.self) {
        case 0:
            guard bytes.readInteger(as: UInt8.self) == version, let slot = number(&bytes), let life = number(&bytes),
                let count = number(&bytes), let listeners = number(&bytes), listeners <= 256
            else { return nil }
            var texts: [String] = []
            for _ in 0..<(listeners + 3) {
                guard let text = text(&bytes) else { return nil }
                texts.append(text)
            }
            return .welcome(
                Welcome(
                    slot: slot, life: life, count: count, addresses: Array(texts.prefix(listeners)),
                    hubPath: texts[listeners], hubKey: texts[listeners + 1], secret: texts[listeners + 2]))
        case 1: return bytes.readInteger(as: UInt8.self).map { .connection(listener: Int($0)) }
        case 2: return .last
        default: return nil
        }
    }

    static func encode(_ report: Report) -> ByteBuffer {
        var bytes = ByteBuffer()
        switch report {
        case .ready: bytes.writeInteger(UInt8(0))
        case .load(let settled, let open, let capacity):
            bytes.writeInteger(UInt8(1))
            for number in [settled, open, capacity] { bytes.writeInteger(UInt64(clamping: number)) }
        case .stopping: bytes.writeInteger(UInt8(2))
        case .stuck(let loop, let milliseconds, let code):
            bytes.writeInteger(UInt8(3))
            for number in [loop, milliseconds] { bytes.writeInteger(UInt64(clamping: number)) }
            write(String(code.prefix(1_024)), to: &bytes)
        }
        return bytes
    }

    /// nil for what no report of this version is.
    static func report(_ bytes: ByteBuffer) -> Report? {
        var bytes = bytes
        switch bytes.readInteger(as: UInt8.self) {
        case 0: return .ready
        case 1:
            guard let settled = number(&bytes), let open = number(&bytes), let capacity = number(&bytes) else {
                return nil
            }
            return .load(settled: settled, open: open, capacity: capacity)
        case 2: return .stopping
        case 3:
            guard let loop = number(&bytes), let milliseconds = number(&bytes), let code = text(&bytes) else {
                return nil
            }
            return .stuck(loop: loop, milliseconds: milliseconds, code: code)
        default: return nil
        }
    }

    private static func number(_ bytes: inout ByteBuffer) -> Int? {
        bytes.readInteger(as: UInt64.self).flatMap { Int(exactly: $0) }
    }

    private static func write(_ text: String, to bytes: inout ByteBuffer) {
        bytes.writeInteger(UInt32(clamping: text.utf8.count))
        bytes.writeString(text)
    }

    private static func text(_ bytes: inout ByteBuffer) -> String? {
        guard let length = bytes.readInteger(as: UInt32.self) else { return nil }
        return bytes.readString(length: Int(length))
    }
}
