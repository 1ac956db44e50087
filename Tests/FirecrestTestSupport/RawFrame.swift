// Firecrest — frames with every bit under the test's control.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
package import NIOCore

/// A client's frame, right or wrong. By default a whole, masked text frame with the shortest length form.
package struct RawFrame: Sendable {
    /// How the payload's length is written.
    package enum LengthForm: Sendable {
        case shortest, seven, sixteen, sixtyFour
    }

    package var fin = true
    /// RSV1, RSV2 and RSV3 as 4, 2 and 1.
    package var rsv: UInt8 = 0
    package var opcode: UInt8
    package var isMasked = true
    package var payload: ByteBuffer
    /// What the header says, when that is not the truth.
    package var declaredLength: UInt64?
    package var lengthForm = LengthForm.shortest

    package init(
        opcode: UInt8 = 1, _ payload: ByteBuffer = ByteBuffer(), fin: Bool = true, rsv: UInt8 = 0,
        isMasked: Bool = true, declaredLength: UInt64? = nil, lengthForm: LengthForm = .shortest
    ) {
        self.opcode = opcode
        self.payload = payload
        self.fin = fin
        self.rsv = rsv
        self.isMasked = isMasked
        self.declaredLength = declaredLength
        self.lengthForm = lengthForm
    }

    package init(
        opcode: UInt8 = 1, _ text: String, fin: Bool = true, rsv: UInt8 = 0, isMasked: Bool = true,
        declaredLength: UInt64? = nil, lengthForm: LengthForm = .shortest
    ) {
        self.init(
            opcode: opcode, ByteBuffer(string: text), fin: fin, rsv: rsv, isMasked: isMasked,
            declaredLength: declaredLength, lengthForm: lengthForm)
    }

    /// The frame's bytes. The payload may be shorter than what the header declares.
    package var bytes: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger((fin ? 0x80 : 0) | (rsv << 4) | opcode)
        let mask: UInt8 = isMasked ? 0x80 : 0
        let length = declaredLength ?? UInt64(payload.readableBytes)
        switch (lengthForm, length) {
        case (.seven, _), (.shortest, ...125):
            bytes.writeInteger(mask | UInt8(truncatingIfNeeded: length))
        case (.sixteen, _), (.shortest, ...0xFFFF):
            bytes.writeInteger(mask | 126)
            bytes.writeInteger(UInt16(truncatingIfNeeded: length))
        case (.sixtyFour, _), (.shortest, _):
            bytes.writeInteger(mask | 127)
            bytes.writeInteger(length)
        }
        guard isMasked else {
            bytes.writeImmutableBuffer(payload)
            return bytes
        }
        let key = UInt32.random(in: 1...UInt32.max)
        bytes.writeInteger(key)
        var masked = ByteBuffer()
        masked.writeImmutableBuffer(payload)
        Masking.applyInPlace(key, to: masked, count: masked.readableBytes)
        bytes.writeBuffer(&masked)
        return bytes
    }
}
