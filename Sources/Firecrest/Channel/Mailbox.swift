// Firecrest — what waits for a channel that is busy.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestProtocol
internal import NIOCore

/// One thing for a channel to handle.
enum MailboxItem {
    case event(ref: Ref, name: String, payload: Payload)
    case leave(joinRef: Ref, ref: Ref)
    case broadcast(BroadcastInfo)
    case info(any Sendable)
    /// The client is no longer behind, and so many broadcasts to it were dropped.
    case missed(Int)

    /// Bytes that this item keeps in memory on a client's behalf; nil for what server code sent.
    var clientBytes: Int? {
        switch self {
        case .event(_, let name, let payload): payload.bytes.readableBytes + name.utf8.count
        case .leave: 0
        case .broadcast, .info, .missed: nil
        }
    }
}

/// A channel's queue. Empty, it holds no memory.
///
/// Items from the client are bounded by not reading the connection any more; items from server code, which nothing can
/// hold back, by ending the channel.
struct Mailbox: ~Copyable {
    private final class Contents {
        var items: Deque<MailboxItem> = []
        var clientItems = 0
        var clientBytes = 0
    }

    /// nil while nothing waits, as nearly always.
    private var contents: Contents?

    var isEmpty: Bool { contents == nil }
    var clientItems: Int { contents?.clientItems ?? 0 }
    var clientBytes: Int { contents?.clientBytes ?? 0 }
    var serverItems: Int { contents.map { $0.items.count - $0.clientItems } ?? 0 }

    mutating func append(_ item: MailboxItem) {
        let contents = contents ?? Contents()
        self.contents = contents
        if let bytes = item.clientBytes {
            contents.clientItems += 1
            contents.clientBytes += bytes
        }
        contents.items.append(item)
    }

    mutating func popFirst() -> MailboxItem? {
        guard let contents, let item = contents.items.popFirst() else { return nil }
        if let bytes = item.clientBytes {
            contents.clientItems -= 1
            contents.clientBytes -= bytes
        }
        if contents.items.isEmpty { self.contents = nil }
        return item
    }

    mutating func removeAll() -> [MailboxItem] {
        defer { contents = nil }
        return contents.map { Array($0.items) } ?? []
    }
}

/// Bounds of a channel's mailbox.
public struct MailboxLimits: Sendable, Hashable {
    /// Client messages that may wait for one busy channel. When reached, the connection is not read until half are
    /// handled. Defaults to 128.
    public var maxMessages = 128
    /// Bytes of client messages that may wait for one busy channel; one larger message is taken when none waits.
    /// Defaults to 1 MiB.
    public var maxBytes = 1_048_576
    /// Messages of server code (`send`, intercepted broadcasts) that may wait. Beyond, the channel ends with `phx_error`.
    /// Defaults to 4,096.
    public var maxServerMessages = 4_096

    public init() {}
}

extension MailboxItem {
    /// The item in memory of its own: what waits must not pin the buffer that was read.
    func kept() -> MailboxItem {
        guard case .event(let ref, let name, let payload) = self else { return self }
        return .event(ref: ref, name: name, payload: payload.copied())
    }
}
