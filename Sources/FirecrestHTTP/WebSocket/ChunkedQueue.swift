// Firecrest — a queue that grows without moving what is in it.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule

/// An array that is full is copied to one of twice its size. A thousand clients that stopped reading together reach that
/// point together, and copying 100 MB takes as long as all else does in many ticks; here each adds a chunk of its own.
struct ChunkedQueue<Element> {
    /// Elements of a chunk: large enough for few allocations, small enough that most of a short queue is in use.
    static var chunkSize: Int { 32 }

    /// All but the first and the last are full, and none is empty.
    private var chunks: Deque<Deque<Element>> = []
    private(set) var count = 0

    mutating func append(_ element: Element) {
        if let last = chunks.last, last.count < Self.chunkSize {
            chunks[chunks.count - 1].append(element)
        } else {
            chunks.append(Self.chunk(element))
        }
        count += 1
    }

    mutating func prepend(_ element: Element) {
        if let first = chunks.first, first.count < Self.chunkSize {
            chunks[0].prepend(element)
        } else {
            chunks.prepend(Self.chunk(element))
        }
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard !chunks.isEmpty, let element = chunks[0].popFirst() else { return nil }
        if chunks[0].isEmpty { chunks.removeFirst() }
        count -= 1
        return element
    }

    subscript(index: Int) -> Element {
        get {
            let (chunk, place) = place(index)
            return chunks[chunk][place]
        }
        _modify {
            let (chunk, place) = place(index)
            yield &chunks[chunk][place]
        }
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        var kept = ChunkedQueue()
        while let element = popFirst() {
            if !isUnwanted(element) { kept.append(element) }
        }
        self = kept
    }

    private func place(_ index: Int) -> (chunk: Int, place: Int) {
        let first = chunks[0].count
        if index < first { return (0, index) }
        let (chunk, place) = (index - first).quotientAndRemainder(dividingBy: Self.chunkSize)
        return (chunk + 1, place)
    }

    private static func chunk(_ element: Element) -> Deque<Element> {
        var chunk = Deque<Element>(minimumCapacity: chunkSize)
        chunk.append(element)
        return chunk
    }
}
