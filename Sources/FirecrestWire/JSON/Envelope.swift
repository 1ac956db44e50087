// Firecrest — where the five parts of a message are
// SPDX-License-Identifier: Apache-2.0

/// The five parts of a message as ranges of offsets into the bytes that were scanned, without whitespace around them.
///
/// Each is one valid JSON value of any type: Phoenix checks no types here, and echoes `ref` and `join_ref` as they
/// came.
package struct Envelope: Sendable, Equatable {
    /// The reference of the join this message belongs to; `nil` when a V1 object has no such key, which is not the
    /// same as the range of a `null`.
    package var joinRef: Range<Int>?

    /// The reference a reply will carry.
    package var ref: Range<Int>

    /// The topic, as a JSON literal (with quotes, when it is a string).
    package var topic: Range<Int>

    /// The event, as a JSON literal.
    package var event: Range<Int>

    /// The payload. Validated as a whole, so its bytes may be sent on as they are.
    package var payload: Range<Int>

    package init(
        joinRef: Range<Int>?, ref: Range<Int>, topic: Range<Int>, event: Range<Int>, payload: Range<Int>
    ) {
        self.joinRef = joinRef
        self.ref = ref
        self.topic = topic
        self.event = event
        self.payload = payload
    }
}
