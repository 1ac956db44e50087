// Firecrest — the channels of one socket.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// A handful with most clients: searched, not hashed. With many only one, which then takes no memory but a word here.
///
/// Isolation: belongs to its socket's loop.
struct ChannelTable {
    private enum Content {
        case none
        case one(AnyChannelCell)
        case many([AnyChannelCell])
    }

    private var content = Content.none

    var count: Int {
        switch content {
        case .none: 0
        case .one: 1
        case .many(let cells): cells.count
        }
    }

    /// In the order of their joins.
    var all: [AnyChannelCell] {
        switch content {
        case .none: []
        case .one(let cell): [cell]
        case .many(let cells): cells
        }
    }

    func forEach(_ body: (AnyChannelCell) -> Void) {
        switch content {
        case .none: break
        case .one(let cell): body(cell)
        case .many(let cells): cells.forEach(body)
        }
    }

    /// Topics are compared byte by byte, as Phoenix does.
    subscript(topic: String) -> AnyChannelCell? {
        switch content {
        case .none: nil
        case .one(let cell): cell.topic.utf8.elementsEqual(topic.utf8) ? cell : nil
        case .many(let cells): cells.first { $0.topic.utf8.elementsEqual(topic.utf8) }
        }
    }

    /// The same, for a topic as it stands in JSON: nil also when it is spelled with escapes.
    subscript(literal topic: Span<UInt8>) -> AnyChannelCell? {
        switch content {
        case .none: nil
        case .one(let cell): topic.isLiteral(of: cell.topic) ? cell : nil
        case .many(let cells): cells.first { topic.isLiteral(of: $0.topic) }
        }
    }

    mutating func append(_ cell: AnyChannelCell) {
        switch content {
        case .none: content = .one(cell)
        case .one(let first): content = .many([first, cell])
        case .many(var cells):
            content = .none  // leaves `cells` the only reference, so that it grows in place
            cells.append(cell)
            content = .many(cells)
        }
    }

    mutating func remove(_ cell: AnyChannelCell) {
        switch content {
        case .none: break
        case .one(let only): if only === cell { content = .none }
        case .many(var cells):
            content = .none
            cells.removeAll { $0 === cell }
            content = cells.count == 1 ? .one(cells[0]) : .many(cells)
        }
    }
}
