// Firecrest — the payload of refusals.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import NIOCore

extension Payload {
    /// `{"reason": …}`, for sentences of ours that need no escaping.
    static func reason(_ text: StaticString) -> Payload {
        Payload(kind: .json, bytes: ByteBuffer(string: "{\"reason\":\"\(text)\"}"))
    }
}
