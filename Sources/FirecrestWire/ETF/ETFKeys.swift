// Firecrest — whether a map has a key twice
// SPDX-License-Identifier: Apache-2.0

/// Hashes of the keys of all maps that are open, the outermost map's first.
///
/// Erlang refuses a whole term for one key that is there twice, and what one client sends goes to others as it is. The hashes
/// are seeded per process, so nobody can aim at two that are the same.
struct ETFKeys {
    private var near = InlineArray<16, Int>(repeating: 0)
    private var far: [Int] = []
    private(set) var count = 0

    /// Keeps a key of the innermost map.
    ///
    /// - Throws: ``ETFError`` `invalidUTF8` for a binary that is no text.
    @inline(__always)
    mutating func add(_ head: ETFHead, _ bytes: Span<UInt8>, isOnly: Bool, at start: Int) throws(ETFError) {
        if case .binary(let range) = head, !UTF8Validator.isValid(bytes.extracting(range)) {
            throw ETFError(.invalidUTF8, at: start)
        }
        if !isOnly { append(Self.hash(head, bytes)) }
    }

    /// Keeps a key that is text.
    @inline(__always)
    mutating func add(_ text: Span<UInt8>) {
        var hasher = Hasher()
        unsafe text.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        append(hasher.finalize())
    }

    private mutating func append(_ hash: Int) {
        if count < near.count {
            near[count] = hash
        } else {
            far.append(hash)
        }
        count += 1
    }

    /// Forgets the keys of the innermost map, which are those from `first` on.
    ///
    /// - Throws: ``ETFError`` `duplicateKey`.
    @inline(__always)
    mutating func close(from first: Int, at offset: Int) throws(ETFError) {
        if count - first > 1, hasDuplicate(from: first) { throw ETFError(.duplicateKey, at: offset) }
        if count > near.count { far.removeLast(count - max(first, near.count)) }
        count = first
    }

    private subscript(index: Int) -> Int {
        index < near.count ? near[index] : far[index - near.count]
    }

    private func hasDuplicate(from first: Int) -> Bool {
        if count - first <= 16 {
            for index in first..<count {
                for other in index + 1..<count where self[index] == self[other] { return true }
            }
            return false
        }
        var sorted = (first..<count).map { self[$0] }
        sorted.sort()
        for index in 1..<sorted.count where sorted[index] == sorted[index - 1] { return true }
        return false
    }

    /// The same for terms that Erlang holds for the same key, however they are written.
    private static func hash(_ head: ETFHead, _ bytes: Span<UInt8>) -> Int {
        var hasher = Hasher()
        switch head {
        case .binary(let range):
            unsafe bytes.extracting(range).withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        case .atom(let range, let atom):
            hasher.combine(1)
            if atom == .latin1 {
                for index in range { hasher.combine(UInt32(bytes[index])) }
            } else if atom == .utf8, let text = try? UTF8Span(validating: bytes.extracting(range)) {
                for scalar in String(copying: text).unicodeScalars { hasher.combine(scalar.value) }
            } else {
                for index in range { hasher.combine(UInt32(bytes[index])) }
            }
        case .integer(let integer):
            hasher.combine(2)
            hasher.combine(integer.magnitude)
            hasher.combine(integer.isNegative)
        case .double(let value):
            hasher.combine(3)
            hasher.combine(value)
        case .empty, .byteList, .list, .tuple, .map:
            hasher.combine(4)
        }
        return hasher.finalize()
    }
}
