// Firecrest — what a close frame says.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The payload of a close frame (RFC 6455 §5.5.1): nothing, or a code and a reason.
struct CloseBody {
    /// `nil` when the frame had no payload, which is reported as 1005 elsewhere (RFC 6455 §7.1.5).
    let code: CloseCode?
    let reason: String

    init(_ payload: ByteBuffer) throws(WebSocketError) {
        guard payload.readableBytes > 0 else {
            code = nil
            reason = ""
            return
        }
        var payload = payload
        guard let number = payload.readInteger(as: UInt16.self) else {
            throw WebSocketError(
                code: .protocolError, kind: .closeBodyInvalid, reason: "A close frame has a body of one byte.")
        }
        guard CloseCode.isAllowedOnWire(number) else {  // RFC 6455 §7.4
            throw WebSocketError(
                code: .protocolError, kind: .closeCodeInvalid,
                reason: "A close frame carries the code \(number), which must not be sent.")
        }
        guard UTF8Validator.isValid(payload.readableBytesUInt8Span) else {
            throw WebSocketError(
                code: .invalidPayload, kind: .closeReasonNotUTF8, reason: "The reason in a close frame is not UTF-8.")
        }
        code = CloseCode(rawValue: number)
        reason = String(buffer: payload)
    }
}
