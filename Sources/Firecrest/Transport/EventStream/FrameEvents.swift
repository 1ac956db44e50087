// Firecrest — the events of a stream that carries protocol frames.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

extension ByteBuffer {
    /// A frame as an event: text is the data of a plain message, bytes are base64 in an event `binary`.
    mutating func writeEventStreamFrame(_ content: ByteBuffer, kind: FrameKind) {
        switch kind {
        case .text:
            writeEventStreamData(content)
        case .binary:
            writeEventStreamEvent("binary")
            writeEventStreamData(base64: content)
        }
        writeEventStreamEnd()
    }

    /// The token that POSTs name their session with: the first event.
    mutating func writeEventStreamSession(token: String) {
        var data = ByteBuffer()
        data.writeStaticString("{\"token\":")
        data.writeJSONString(token)
        data.writeStaticString("}")
        writeEventStreamEvent("session")
        writeEventStreamData(data)
        writeEventStreamEnd()
    }

    /// What a close frame would say: the last event.
    mutating func writeEventStreamClose(_ code: CloseCode, reason: String) {
        var data = ByteBuffer()
        data.writeString("{\"code\":\(code.rawValue),\"reason\":")
        data.writeJSONString(reason)
        data.writeStaticString("}")
        writeEventStreamEvent("close")
        writeEventStreamData(data)
        writeEventStreamEnd()
    }
}
