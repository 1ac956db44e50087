// Firecrest — what carries a socket's frames.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestProtocol
package import FirecrestPubSub
package import FirecrestWire

/// The carrier of one socket: a WebSocket, or a test's recorder.
///
/// Isolation: belongs to the socket's loop.
package protocol SocketTransport: AnyObject {
    /// As clients and logs know it, for example `websocket`.
    var name: String { get }

    /// Sends a message in a form that only this client gets.
    ///
    /// - Throws: what `serializer` throws; nothing has been sent then.
    func send(_ message: OutboundMessage, with serializer: any Serializer) throws(PayloadError)

    /// Sends a reply in the text form of serializer 2.0.0. `payload` is JSON.
    func sendReply(joinRef: Ref, ref: Ref, topic: String, status: String, payload: Payload, with: V2JSONSerializer)

    func send(_ frame: EncodedFrame)

    /// Sends a broadcast's shared frame for a serializer; nothing when it has none.
    ///
    /// - Parameter recipient: the channel that gets it.
    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient)

    /// Sends several broadcasts in their order. All of them have a frame for the serializer.
    func send(_ batch: Batch, serializerIndex: Int, to recipient: any BroadcastRecipient)

    /// Whether the client reads more slowly than it is sent to: what is sent now has to wait.
    var isBehind: Bool { get }

    func close(_ code: CloseCode, reason: String)
    /// Ends the connection without a word.
    func drop()

    func pauseReading()
    func resumeReading()
}

extension SocketTransport {
    package var isBehind: Bool { false }

    package func send(_ message: OutboundMessage, with serializer: any Serializer) throws(PayloadError) {
        send(try EncodedFrame(message, with: serializer))
    }

    package func sendReply(
        joinRef: Ref, ref: Ref, topic: String, status: String, payload: Payload, with serializer: V2JSONSerializer
    ) {
        // JSON has a form in a reply of 2.0.0, whatever it is.
        try? send(
            .reply(joinRef: joinRef, ref: ref, topic: .name(topic), status: status, payload: payload), with: serializer)
    }

    package func send(_ batch: Batch, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        for delivery in batch.deliveries { send(delivery, serializerIndex: serializerIndex, to: recipient) }
    }
}

/// Keys of `Delivery.variants` and `Batch.joined`: each form of a frame has its own.
enum DeliveryVariant {
    private static let longPollBit = 1 << 43
    private static let eventStreamBit = 1 << 42

    static func plain(_ serializerIndex: Int) -> Int { serializerIndex << 44 }
    static func compressed(_ serializerIndex: Int, _ key: Int) -> Int { serializerIndex << 44 | key }
    static func longPoll(_ serializerIndex: Int) -> Int { serializerIndex << 44 | longPollBit }
    static func eventStream(_ serializerIndex: Int) -> Int { serializerIndex << 44 | longPollBit | eventStreamBit }
}
