// Firecrest — fuzzes serializer 2.0.0 in binary frames, both ways.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

/// Settings: the limits in the first byte. The rest is read as a client's frame, and as a server's.
struct BinaryTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let limits = MessageLimits(settings: input.byte())
        let bytes = input.rest
        var served = limits
        if hasPlantedBug { served.maxEventBytes += 1 }
        let serializer = V2JSONSerializer(limits: served)

        let expected = ReferenceBinary(bytes, sizes: 4, kind: 0).flatMap { frame in
            let fits = frame.fields[2].count <= limits.maxTopicBytes && frame.fields[3].count <= limits.maxEventBytes
            return fits ? frame : nil
        }
        let message = decode(bytes, .binary, with: serializer, limits)
        require((message != nil) == (expected != nil), "the layout says \(String(describing: expected))")
        if let message, let expected {
            let topic = String(decoding: expected.fields[2], as: UTF8.self)
            require(message.payload == .binary(ByteBuffer(bytes: expected.data)), "the payload is \(message.payload)")
            require(message.topic == .name(topic), "the topic is \(message.topic)")
            require(message.event.utf8.elementsEqual(expected.fields[3]), "the event is \(message.event)")
            require(message.joinRef.isNull == expected.fields[0].isEmpty, "the join ref is \(message.joinRef)")
            require(
                message.joinRef.plainText.utf8.elementsEqual(expected.fields[0]), "the join ref is \(message.joinRef)")
            require(message.ref.plainText.utf8.elementsEqual(expected.fields[1]), "the ref is \(message.ref)")
            // Refs go out in JSON replies too, so each must be a JSON value.
            for ref in [message.joinRef, message.ref] {
                require((try? JSON(parsing: ByteBuffer(string: ref.json))) != nil, "the ref \(ref.json) is no JSON")
            }
            checkEchoes(of: message, topic, expected, with: serializer)
        }

        let server = try? BinaryScanner.scanServer(bytes.span)
        let layout = bytes.first.flatMap { kind in
            [3, 4, 2].indices.contains(Int(kind))
                ? ReferenceBinary(bytes, sizes: [3, 4, 2][Int(kind)], kind: kind) : nil
        }
        require((server != nil) == (layout != nil), "the layout says \(String(describing: layout))")
        if let server, let layout {
            require(bytes[server.topic].elementsEqual(layout.fields[layout.fields.count - 2]), "the topic is \(server)")
            require(bytes[server.payload].elementsEqual(layout.data), "the payload is \(server)")
        }
    }

    /// Sent back as reply, push and broadcast, it reads as what it was.
    private func checkEchoes(
        of message: Message, _ topic: String, _ sent: ReferenceBinary, with serializer: V2JSONSerializer
    ) {
        let event = sent.fields[3]
        let echoes: [(OutboundMessage, UInt8, [ArraySlice<UInt8>])] = [
            (
                .reply(
                    joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: message.event,
                    payload: message.payload),
                1, [sent.fields[0], sent.fields[1], sent.fields[2], event]
            ),
            (
                .push(joinRef: message.joinRef, topic: topic, event: message.event, payload: message.payload),
                0, [sent.fields[0], sent.fields[2], event]
            ),
            (.broadcast(topic: topic, event: message.event, payload: message.payload), 2, [sent.fields[2], event]),
        ]
        for (echo, kind, fields) in echoes {
            var buffer = ByteBuffer()
            guard (try? serializer.encode(echo, into: &buffer)) == .binary else {
                return require(false, "\(echo) has no binary form")
            }
            let frame = ReferenceBinary(buffer.bytes, sizes: fields.count, kind: kind)
            require(frame?.fields == fields && frame?.data == sent.data, "\(echo) became \(String(describing: frame))")
        }
    }
}

/// A second reading of the layout: a kind, sizes, as many fields in UTF-8, and data.
private struct ReferenceBinary {
    let fields: [ArraySlice<UInt8>]
    let data: ArraySlice<UInt8>

    init?(_ bytes: [UInt8], sizes count: Int, kind: UInt8) {
        guard bytes.count > count, bytes[0] == kind else { return nil }
        var rest = bytes[(count + 1)...]
        var fields: [ArraySlice<UInt8>] = []
        for size in bytes[1...count] {
            guard rest.count >= size else { return nil }
            fields.append(rest.prefix(Int(size)))
            rest = rest.dropFirst(Int(size))
        }
        guard fields.allSatisfy({ String(validating: $0, as: UTF8.self) != nil }) else { return nil }
        self.fields = fields
        data = rest
    }
}
