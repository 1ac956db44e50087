// Firecrest — a Phoenix message as a test sees it.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest

/// The five parts of a message, each as the JSON value that it is on the wire (see ``Wire`` for what travels).
package struct ReceivedMessage: Sendable, Hashable, CustomStringConvertible {
    package var joinRef: JSON
    package var ref: JSON
    package var topic: JSON
    package var event: JSON
    package var payload: JSON

    package init(joinRef: JSON, ref: JSON, topic: JSON, event: JSON, payload: JSON) {
        self.joinRef = joinRef
        self.ref = ref
        self.topic = topic
        self.event = event
        self.payload = payload
    }

    /// The ref as a number, also where refs are text.
    package var refNumber: Int? { ref.intValue ?? ref.stringValue.flatMap { Int($0) } }
    /// Of a reply: `ok`, `error`, or another word.
    package var status: String? { payload["status"]?.stringValue }
    /// Of a reply.
    package var response: JSON? { payload["response"] }

    package var description: String { "[\(joinRef), \(ref), \(topic), \(event), \(payload)]" }
}
