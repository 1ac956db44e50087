// Firecrest — what a client asks for that names its one topic in the URL.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import NIOCore
internal import NIOHTTP1

/// The topic of a one-way stream or a poll, and what its channel's `join` gets.
struct TopicRequest: Sendable {
    let topic: String
    let payload: Payload

    /// Takes `topic` and `payload` out of a request's parameters: they are not for `connect`, which other transports ask
    /// without them.
    ///
    /// - Returns: nil when no topic is named.
    init?(taking params: inout ConnectParams, limits: MessageLimits) throws(Rejection) {
        let payload = params.values.removeValue(forKey: "payload")
        guard let value = params.values.removeValue(forKey: "topic") else { return nil }
        guard let topic = value.string, !topic.isEmpty, topic.utf8.count <= limits.maxTopicBytes else {
            throw .badTopic
        }
        self.topic = topic
        guard let payload else {
            self.payload = .empty
            return
        }
        guard let text = payload.string,
            let parsed = try? Payload(jsonText: ByteBuffer(string: text), maxDepth: limits.maxJSONDepth),
            parsed.isObject
        else { throw .badPayload }
        self.payload = parsed
    }
}

extension SocketSession {
    /// Joins a topic for a client that speaks no protocol. The reply goes to the transport.
    func join(_ request: TopicRequest) {
        dispatch(
            Message(
                joinRef: Self.joinRef, ref: Self.joinRef, topic: .name(request.topic),
                event: OutboundMessage.Event.join, payload: request.payload))
    }

    private static let joinRef = Ref("1")
}

extension OutboundMessage {
    /// Whether this is the last that a channel says. A push of the same name by the channel's own code has no ref.
    var endsChannel: Bool {
        kind == .push && !ref.isNull && (event == Event.close || event == Event.error)
    }
}

extension Rejection {
    static let badTopic = Rejection(
        HTTPRefusal(
            .badRequest, code: "bad_topic", sentence: "The topic must be given once, as text, and not be too long."))
    static let badPayload = Rejection(
        HTTPRefusal(.badRequest, code: "bad_payload", sentence: "The payload must be one JSON object."))
    static let noTopic = Rejection(
        HTTPRefusal(.badRequest, code: "no_topic", sentence: "Name a topic: ?topic=room:lobby."))
    static let unmatchedTopic = Rejection(
        HTTPRefusal(.notFound, code: "unmatched_topic", sentence: "No channel takes this topic."))
    static let methodNotServed = Rejection(
        HTTPRefusal(.badRequest, code: "method_not_served", sentence: "This method is not served here."))
    /// The socket ended between the request and its answer.
    static let socketClosed = Rejection(
        HTTPRefusal(
            .serviceUnavailable, code: "socket_closed", sentence: "The server ended this socket; try again later."))
    static let tooManyTopics = Rejection(
        HTTPRefusal(
            .serviceUnavailable, code: "too_many_polled_topics",
            sentence: "The server remembers as many topics as it may; try again later, or use another transport."))
}
