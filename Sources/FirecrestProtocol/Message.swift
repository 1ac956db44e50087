// Firecrest — one message from a client, and one to a client.
// SPDX-License-Identifier: Apache-2.0

/// A message as it came from the other side.
///
/// The serializers make no type checks that Phoenix does not make: a topic or event that is no JSON string is kept as
/// its JSON text and matches nothing.
public struct Message: Sendable {
    public var joinRef: Ref
    public var ref: Ref
    public var topic: MessageTopic
    public var event: String
    public var payload: Payload

    public init(joinRef: Ref, ref: Ref, topic: MessageTopic, event: String, payload: Payload) {
        self.joinRef = joinRef
        self.ref = ref
        self.topic = topic
        self.event = event
        self.payload = payload
    }
}

/// The topic of a message: a name, or whatever else a client put in its place.
public enum MessageTopic: Sendable, Hashable {
    case name(String)
    /// JSON text that is no string; it is only ever sent back.
    case other(json: String)
}

/// A message on its way to a client, before a serializer has given it its form.
public struct OutboundMessage: Sendable {
    public enum Kind: Sendable, Hashable {
        case push
        case broadcast
        /// An answer; the status is `ok`, `error`, or any other word.
        case reply(status: String)
    }

    public var kind: Kind
    public var joinRef: Ref
    public var ref: Ref
    public var topic: MessageTopic
    /// Ignored for replies, whose event is always `phx_reply`.
    public var event: String
    public var payload: Payload

    public static func push(joinRef: Ref, topic: String, event: String, payload: Payload) -> OutboundMessage {
        OutboundMessage(
            kind: .push, joinRef: joinRef, ref: .null, topic: .name(topic), event: event, payload: payload)
    }

    public static func broadcast(topic: String, event: String, payload: Payload) -> OutboundMessage {
        OutboundMessage(
            kind: .broadcast, joinRef: .null, ref: .null, topic: .name(topic), event: event, payload: payload)
    }

    public static func reply(
        joinRef: Ref, ref: Ref, topic: MessageTopic, status: String, payload: Payload
    ) -> OutboundMessage {
        OutboundMessage(
            kind: .reply(status: status), joinRef: joinRef, ref: ref, topic: topic, event: Event.reply,
            payload: payload)
    }

    /// `phx_close` and `phx_error` carry the recorded join ref in both places.
    public static func lifecycle(_ event: String, joinRef: Ref, topic: String, payload: Payload) -> OutboundMessage {
        OutboundMessage(
            kind: .push, joinRef: joinRef, ref: joinRef, topic: .name(topic), event: event, payload: payload)
    }

    /// The events that the protocol gives a meaning.
    public enum Event {
        public static let join = "phx_join"
        public static let leave = "phx_leave"
        public static let reply = "phx_reply"
        public static let error = "phx_error"
        public static let close = "phx_close"
        public static let heartbeat = "heartbeat"
    }
}
