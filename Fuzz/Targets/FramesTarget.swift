// Firecrest — fuzzes the frame decoder: whole, cut up, and against a second reading of RFC 6455.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// Settings: role, compression and size of the limits in the first byte, where reads are cut in the second.
struct FramesTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let settings = input.byte()
        let cuts = input.byte()
        let bytes = input.rest
        let role: WebSocketRole = settings & 1 == 0 ? .server : .client
        // Small enough that short inputs reach them.
        let limits = FrameLimits(
            maxFrameBytes: settings & 4 == 0 ? 400 : 16, maxMessageBytes: settings & 8 == 0 ? 300 : 20,
            maxFragments: 4, maxInflateRatio: 100)
        let compression =
            settings & 2 == 0 ? nil : DeflateAgreement(serverMaxWindowBits: 15, clientMaxWindowBits: 15)

        let whole = FrameReading(bytes, cutAt: nil, role: role, limits: limits, compression: compression)
        let cut = FrameReading(
            bytes, cutAt: cuts, role: role, limits: limits, compression: compression)
        require(whole.events == cut.events, "the events depend on how reads are cut: \(whole.events) \(cut.events)")
        require(whole.error == cut.error, "the error depends on how reads are cut: \(whole) \(cut)")

        for event in whole.events { checkEvent(event, limits) }
        if let error = whole.error {
            require(error.reason.utf8.count <= FrameEncoder.maxReasonBytes, "the reason does not fit a close frame")
        }
        if compression == nil {
            let reference = ReferenceFrames(bytes, role: role, limits: limits)
            require(
                reference.agrees(events: whole.events, error: whole.error),
                "RFC 6455 says \(reference), not \(whole.events) \(String(describing: whole.error))")
        }
        checkRoundTrip(whole.events, role: role, limits: limits)
    }

    private func checkEvent(_ event: WebSocketEvent, _ limits: FrameLimits) {
        switch event {
        case .message(let kind, let payload):
            require(payload.readableBytes <= limits.maxMessageBytes, "a message is longer than the limit")
            if kind == .text {
                require(String(validating: payload.bytes, as: UTF8.self) != nil, "a text message is not UTF-8")
            }
        case .ping(let payload), .pong(let payload):
            require(payload.readableBytes <= FrameEncoder.maxControlBytes, "a control frame is too long")
        case .close(let code, let reason):
            require(
                code.map { CloseCode.isAllowedOnWire($0.rawValue) } ?? reason.isEmpty, "a close code is not allowed")
        }
    }

    /// What was decoded, encoded by our own encoder, decodes to the same.
    private func checkRoundTrip(_ events: [WebSocketEvent], role: WebSocketRole, limits: FrameLimits) {
        guard !events.isEmpty else { return }
        var limits = limits
        limits.maxFrameBytes = limits.maxMessageBytes  // what came in several frames, or compressed, goes out in one
        let key: UInt32? = role == .server ? 0x37FA_213D : nil
        let allocator = ByteBufferAllocator()
        var wire: [UInt8] = []
        for event in events {
            let (opcode, payload): (Opcode, ByteBuffer) =
                switch event {
                case .message(.text, let payload): (.text, payload)
                case .message(.binary, let payload): (.binary, payload)
                case .ping(let payload): (.ping, payload)
                case .pong(let payload): (.pong, payload)
                case .close(nil, _): (.close, ByteBuffer())
                case .close(let code?, let reason):
                    (.close, FrameEncoder.closeBody(code, reason: reason, allocator: allocator))
                }
            wire += FrameEncoder.frame(opcode: opcode, payload: payload, allocator: allocator, maskKey: key).bytes
        }
        let again = FrameReading(wire, cutAt: nil, role: role, limits: limits, compression: nil)
        require(again.events == events && again.error == nil, "\(events) became \(again.events) on the way")
    }
}

/// What a decoder makes of some bytes, in one read or several.
struct FrameReading {
    private(set) var events: [WebSocketEvent] = []
    private(set) var error: WebSocketError?

    init(
        _ bytes: [UInt8], cutAt cuts: UInt8?, role: WebSocketRole, limits: FrameLimits,
        compression: DeflateAgreement?
    ) {
        var decoder = MessageDecoder(
            role: role, limits: hasPlantedBug ? limits.offByOne : limits, compression: compression)
        var cuts = cuts
        var rest = bytes[...]
        var received = 0
        repeat {
            var count = rest.count
            if let size = cuts {
                // A few bytes each, so that headers are cut too.
                count = min(count, Int(size % 16) + 1)
                cuts = size &* 141 &+ 3
            }
            received += count
            var buffer = ByteBuffer(bytes: rest.prefix(count))
            rest = rest.dropFirst(count)
            do throws(WebSocketError) {
                while let event = try decoder.next(&buffer, inflater: { InflateTarget.inflater }) {
                    // The buffer of an event may be a slice of a read.
                    events.append(event)
                }
                require(buffer.readableBytes == 0, "a read was not consumed")
            } catch {
                require(self.error == nil, "a decoder that has failed fails again")
                self.error = error
            }
            require(decoder.heldBytes <= 2 * limits.maxMessageBytes + 256, "\(decoder.heldBytes) bytes are held")
            require(decoder.heldBytes <= 2 * received, "\(decoder.heldBytes) bytes are held, \(received) received")
        } while !rest.isEmpty
        if self.error != nil { require(!decoder.isMidMessage, "a decoder that has failed waits for more") }
    }
}

extension FrameLimits {
    /// The mistake planted for the self-test: messages may be one byte longer than the limit says.
    fileprivate var offByOne: FrameLimits {
        var limits = self
        limits.maxMessageBytes += 1
        return limits
    }
}
