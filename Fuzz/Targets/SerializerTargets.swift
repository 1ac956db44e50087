// Firecrest — fuzzes the serializers for text frames: what they decode survives being sent back.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

/// Serializer 1.0.0. Settings: text or binary frame, and the limits, in the first byte.
struct V1Target: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let settings = input.byte()
        let kind: FrameKind = settings & 1 == 0 ? .text : .binary
        let limits = MessageLimits(settings: settings)
        // The frame layer hands over text only when it is UTF-8.
        let isUTF8 = input.text != nil
        guard isUTF8 || kind == .binary else { return }
        let serializer = V1JSONSerializer(limits: limits)
        guard let message = decode(input.rest, kind, with: serializer, limits) else { return }
        require(isUTF8, "a frame that is no UTF-8 is taken")
        // Its replies and pushes have the form of its messages, less the join ref: each reads back as what it was.
        checkEchoes(of: message, with: serializer, keepsJoinRef: false)
    }
}

/// Serializer 2.0.0 in text frames. Settings: the limits in the first byte.
struct V2Target: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let limits = MessageLimits(settings: input.byte())
        guard input.text != nil else { return }
        let serializer = V2JSONSerializer(limits: limits)
        guard let message = decode(input.rest, .text, with: serializer, limits) else { return }
        checkEchoes(of: message, with: serializer, keepsJoinRef: true)
    }
}

extension MessageLimits {
    /// Limits that a short input can reach.
    init(settings: UInt8) {
        self.init()
        maxTopicBytes = settings & 2 == 0 ? 16 : 1_024
        maxEventBytes = settings & 4 == 0 ? 12 : 1_024
        maxJSONDepth = settings & 8 == 0 ? 4 : 128
    }

    /// What takes everything that limits such as these have let through, wrapped once more.
    fileprivate var wide: MessageLimits {
        var limits = self
        limits.maxTopicBytes = 1 << 16
        limits.maxEventBytes = 1 << 16
        limits.maxJSONDepth += 2
        return limits
    }
}

extension FuzzTarget {
    /// Decodes and checks what is true of every message and every refusal.
    func decode(
        _ bytes: [UInt8], _ kind: FrameKind, with serializer: any Serializer, _ limits: MessageLimits
    ) -> Message? {
        // Not at the start of its storage, as behind a WebSocket header.
        var frame = ByteBuffer(bytes: [0xFF, 0xFF, 0xFF] + bytes + [0xFF])
        frame.moveReaderIndex(forwardBy: 3)
        frame.moveWriterIndex(to: frame.writerIndex - 1)
        do throws(ProtocolError) {
            let message = try serializer.decode(frame, kind: kind)
            if case .name(let topic) = message.topic {
                require(topic.utf8.count <= limits.maxTopicBytes, "a topic of \(topic.utf8.count) bytes")
            }
            require(message.event.utf8.count <= limits.maxEventBytes, "an event of \(message.event.utf8.count) bytes")
            if message.payload.kind == .json {
                require((try? JSONValidator.validate(message.payload.bytes.bytes.span)) != nil, "a payload is no JSON")
            }
            return message
        } catch {
            require(error.sentence.utf8.count <= FrameEncoder.maxReasonBytes, "too long for a close frame: \(error)")
            return nil
        }
    }

    /// Sends a message back in each form that a server has.
    func checkEchoes(of message: Message, with serializer: some EchoingSerializer, keepsJoinRef: Bool) {
        let reader = serializer.wide
        let reply = OutboundMessage.reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: message.event,
            payload: message.payload)
        var echoes = [reply]
        if case .name(let topic) = message.topic {
            echoes.append(
                .push(joinRef: message.joinRef, topic: topic, event: message.event, payload: message.payload))
            echoes.append(.broadcast(topic: topic, event: message.event, payload: message.payload))
            echoes.append(.lifecycle("phx_close", joinRef: message.joinRef, topic: topic, payload: .empty))
        }
        for echo in echoes {
            var buffer = ByteBuffer(string: "header")
            do throws(PayloadError) {
                require(try serializer.encode(echo, into: &buffer) == .text, "JSON leaves in a binary frame")
            } catch {
                require(error.code == .notAnObject && !echo.payload.isObject, "\(echo) has no form: \(error)")
                continue
            }
            buffer.moveReaderIndex(forwardBy: 6)
            guard let again = try? reader.decode(buffer, kind: .text) else {
                return require(false, "\(String(buffer: buffer)) cannot be read")
            }
            require(again.joinRef == (keepsJoinRef ? echo.joinRef : .null), "the join ref became \(again.joinRef)")
            require(
                again.ref == echo.ref && again.topic == echo.topic && again.event == echo.event, "it became \(again)")
            if case .reply(let status) = echo.kind {
                guard let json = try? JSON(parsing: again.payload.bytes),
                    let inner = try? JSON(parsing: echo.payload.bytes)
                else { return require(false, "the payload \(again.payload) is no JSON") }
                require(json == ["status": .string(status), "response": inner], "the reply became \(json)")
            } else {
                require(again.payload == echo.payload, "the payload became \(again.payload)")
            }
        }
    }
}

/// A serializer whose two directions have the same layout, so that it reads what it wrote.
protocol EchoingSerializer: Serializer {
    /// The same with limits that everything passes which was taken once.
    var wide: Self { get }
}

extension V1JSONSerializer: EchoingSerializer {
    var wide: Self { V1JSONSerializer(limits: limits.wide) }
}

extension V2JSONSerializer: EchoingSerializer {
    var wide: Self { V2JSONSerializer(limits: limits.wide) }
}
