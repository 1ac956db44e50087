// Firecrest — a transport that keeps what it is given.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestProtocol
internal import FirecrestPubSub
internal import FirecrestWire

/// Decodes each frame as a client would and puts it into the test's inbox.
///
/// Isolation: belongs to the test's loop.
final class RecordingTransport: SocketTransport {
    let name = "test"
    private let inbox: Inbox
    private let codec = ClientCodec(.v2)

    init(inbox: Inbox) {
        self.inbox = inbox
    }

    func send(_ frame: EncodedFrame) {
        guard let message = try? codec.decode(frame.content, kind: frame.kind),
            case .name(let topic) = message.topic
        else { return }
        var status: String?
        if case .reply(let word) = message.kind { status = word }
        inbox.append(
            Received(
                joinRef: JSON(message.joinRef), ref: JSON(message.ref), topic: topic, event: message.event,
                status: status, payload: message.payload.copied()))
    }

    func send(_ delivery: Delivery, serializerIndex: Int, to recipient: any BroadcastRecipient) {
        if let frame = delivery.frame(serializerIndex) { send(frame) }
    }

    func close(_ code: CloseCode, reason: String) {
        inbox.closed(code.rawValue)
    }

    func drop() {
        inbox.closed(1006)
    }

    // A test's client sends message by message; there is nothing to hold back.
    func pauseReading() {}
    func resumeReading() {}
}

extension JSON {
    fileprivate init(_ ref: Ref) {
        self = ref.isNull ? .null : .string(String(ref.plainText))
    }
}
