// Firecrest — goes through a whole term without recursion
// SPDX-License-Identifier: Apache-2.0

/// What is done with the parts of a term, in the order of the bytes.
protocol ETFVisitor {
    /// A term without elements of its own. `cursor` stands behind it.
    mutating func visit(
        _ head: ETFHead, _ place: ETFPlace, _ bytes: Span<UInt8>, _ cursor: ETFCursor
    ) throws(ETFError)
    /// A list, tuple or map whose elements come next; it may have none.
    mutating func open(_ container: ETFContainer, count: Int) throws(ETFError)
    mutating func close(_ container: ETFContainer) throws(ETFError)
}

/// What a term is part of.
enum ETFPlace {
    case element, key, value
}

enum ETFContainer {
    case list, tuple, map
}

enum ETFWalk {
    /// Goes through the term at the cursor, within `depth` others that are open already.
    ///
    /// The stack is the same for every input: the innermost levels are in it, the others in an array that no ordinary
    /// message needs.
    @inline(__always)
    static func run(
        _ cursor: inout ETFCursor, _ bytes: Span<UInt8>, depth: Int, limits: ETFLimits,
        _ visitor: inout some ETFVisitor
    ) throws(ETFError) {
        var levels = ETFLevels()
        var keys = ETFKeys()
        while true {
            let place = levels.place
            let head = try cursor.next(bytes)
            let opened: ETFLevel?
            switch head {
            case .list(let count): opened = ETFLevel(.list, count)
            case .tuple(let count): opened = ETFLevel(.tuple, count)
            case .map(let count): opened = ETFLevel(.map, count)
            default: opened = nil
            }
            if let opened {
                try check(place, levels.count + depth, limits, at: cursor.start)
                try visitor.open(opened.container, count: opened.count)
                levels.push(opened, keys: keys.count)
            } else {
                switch head {
                case .empty, .byteList: try check(place, levels.count + depth, limits, at: cursor.start)
                default: break
                }
                if place == .key, limits.keys == .text {
                    try keys.add(head, bytes, isOnly: levels.isOnlyKey, at: cursor.start)
                }
                try visitor.visit(head, place, bytes, cursor)
                levels.take()
            }
            // After a term: the ends of any number of those it is in.
            while levels.isComplete {
                let closed = levels.top.container
                if closed == .list { try cursor.endList(bytes) }
                if closed == .map { try keys.close(from: levels.top.keys, at: cursor.index) }
                try visitor.close(closed)
                levels.pop()
                levels.take()
            }
            if levels.isEmpty { return }
        }
    }

    @inline(__always)
    private static func check(_ place: ETFPlace, _ depth: Int, _ limits: ETFLimits, at start: Int) throws(ETFError) {
        guard depth < limits.maxDepth else { throw ETFError(.tooDeep, at: start, limit: limits.maxDepth) }
        guard place != .key || limits.keys == .any else { throw ETFError(.badKey, at: start) }
    }
}

/// A list, tuple or map that is open.
struct ETFLevel {
    var container: ETFContainer
    /// Elements, or pairs.
    var count: Int
    /// Terms to come. Twice the pairs of a map, so that an even number says that a key is next.
    var left: Int
    /// How many keys were kept when it began.
    var keys = 0

    init(_ container: ETFContainer, _ count: Int) {
        self.container = container
        self.count = count
        left = container == .map ? count * 2 : count
    }
}

/// The open containers, the outermost first.
private struct ETFLevels {
    /// The innermost, kept apart because every step looks at it.
    private(set) var top = ETFLevel(.list, 0)
    private var near = InlineArray<8, ETFLevel>(repeating: ETFLevel(.list, 0))
    private var far: [ETFLevel] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var isComplete: Bool { count > 0 && top.left == 0 }

    /// Of the term that comes next.
    var place: ETFPlace {
        guard count > 0, top.container == .map else { return .element }
        return top.left % 2 == 0 ? .key : .value
    }

    /// Whether the map that is open has one key, which cannot be there twice.
    var isOnlyKey: Bool { top.count == 1 }

    @inline(__always)
    mutating func push(_ level: ETFLevel, keys: Int) {
        if count > near.count {
            far.append(top)
        } else if count > 0 {
            near[count - 1] = top
        }
        top = level
        top.keys = keys
        count += 1
    }

    @inline(__always)
    mutating func pop() {
        guard count > 0 else { return }
        count -= 1
        if count > near.count {
            top = far.popLast() ?? top
        } else if count > 0 {
            top = near[count - 1]
        }
    }

    /// Counts a term that is complete.
    @inline(__always)
    mutating func take() {
        if count > 0 { top.left -= 1 }
    }
}
