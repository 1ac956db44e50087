// Firecrest — fuzzes the ids that come back as `Last-Event-ID`.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// The input is the header's value; its bytes also make ids to write and read.
struct EventIDTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        checkWritten(input)
        guard let text = input.text else { return }
        let expected = Self.reference(text)
        guard let id = LastEventID(text) else {
            return require(expected == nil, "\(text) is an id")
        }
        require(id.epoch == expected?.epoch && id.number == expected?.number, "\(id) of \(text)")
        require(id.description.utf8.elementsEqual(text.utf8), "\(id) has a second spelling")
        require(text.utf8.count <= LastEventID.maxBytes, "\(text.utf8.count) bytes were looked at")
    }

    private func checkWritten(_ input: FuzzInput) {
        var input = input
        func word() -> UInt64 { (0..<8).reduce(0) { sum, _ in sum << 8 | UInt64(input.byte()) } }
        let id = LastEventID(epoch: word(), number: word())
        require(LastEventID(id.description) == id, "\(id) is not read back")
        let (epoch, newest) = (word(), word())
        let isKnown = id.isKnown(epoch: epoch, newest: newest)
        require(isKnown == (id.epoch == epoch && id.number <= newest), "\(id) in \(epoch) up to \(newest)")
        require(id.isKnown(epoch: id.epoch, newest: id.number), "the newest message is not known")
    }

    /// As the page of the protocol says it: sixteen hex digits, a dash, a number without zeros in front.
    private static func reference(_ text: String) -> (epoch: UInt64, number: UInt64)? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 18, bytes[16] == UInt8(ascii: "-"),
            bytes[..<16].allSatisfy({ "0123456789abcdef".utf8.contains($0) }),
            bytes[17...].allSatisfy({ "0123456789".utf8.contains($0) }),
            bytes.count == 18 || bytes[17] != UInt8(ascii: "0"),
            let epoch = UInt64(String(decoding: bytes[..<16], as: UTF8.self), radix: 16),
            let number = UInt64(String(decoding: bytes[17...], as: UTF8.self))
        else { return nil }
        return (epoch, number)
    }
}
