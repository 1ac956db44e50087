// Firecrest — the client's codec against the server's serializers, both ways
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Client codec")
struct ClientCodecTests {
    private static func serializer(_ version: ClientCodec.Version) -> any Serializer {
        version == .v1 ? V1JSONSerializer() : V2JSONSerializer()
    }

    private static let json = [#"{"a":1}"#, "{}", "null", "[1, 2]", #""text""#, "0.50"]

    static let messages: [(Message, ClientCodec.Version)] = ClientCodec.Version.allCases.flatMap { version in
        json.map { text in
            (
                Message(
                    joinRef: Ref("1"), ref: Ref("2"), topic: .name("räume:\"1\"\n"), event: "e/f \u{1F525}",
                    payload: OutboundSamples.payload(text)), version
            )
        } + [
            (
                Message(
                    joinRef: .null, ref: Ref(json: "7"), topic: .name("phoenix"), event: "heartbeat", payload: .empty),
                version
            )
        ]
    }

    @Test("what a client sends is what the server reads", arguments: messages)
    func encodes(message: Message, version: ClientCodec.Version) throws {
        var frame = ByteBuffer(string: "header")
        let kind = try ClientCodec(version).encode(message, into: &frame)
        #expect(kind == .text)
        #expect(frame.readString(length: 6) == "header")
        #expect(try Self.serializer(version).decode(frame, kind: kind).parts == message.parts)
    }

    @Test("bytes", arguments: [[], [0xDE, 0xAD], Array(repeating: 0, count: 300)] as [[UInt8]])
    func encodesBinary(data: [UInt8]) throws {
        let message = Message(
            joinRef: Ref("7"), ref: Ref("9"), topic: .name("room:1"), event: "blob",
            payload: .binary(ByteBuffer(bytes: data)))
        var frame = ByteBuffer()
        #expect(try ClientCodec(.v2).encode(message, into: &frame) == .binary)
        // Appendix A.1 of the protocol notes.
        let header: [UInt8] = [0, 1, 1, 6, 4, 0x37, 0x39] + Array("room:1blob".utf8)
        #expect(Array(frame.readableBytesView) == header + data)
        let decoded = try V2JSONSerializer().decode(frame, kind: .binary)
        #expect(decoded.parts == message.parts)
        #expect(decoded.payload == message.payload)
    }

    static let outbound: [(OutboundMessage, ClientCodec.Version)] = ClientCodec.Version.allCases.flatMap { version in
        [OutboundSamples.reply, OutboundSamples.push, OutboundSamples.broadcast, OutboundSamples.close].map {
            ($0, version)
        } + json.map { (OutboundSamples.reply(OutboundSamples.payload($0)), version) }
    }

    @Test("what a server sends is what the client reads", arguments: outbound)
    func decodes(message: OutboundMessage, version: ClientCodec.Version) throws {
        var frame = ByteBuffer(string: "....")
        frame.moveReaderIndex(forwardBy: 4)
        let kind = try Self.serializer(version).encode(message, into: &frame)
        let decoded = try ClientCodec(version).decode(frame, kind: kind)
        #expect(decoded.topic == message.topic && decoded.event == message.event && decoded.ref == message.ref)
        #expect(decoded.payload == message.payload)
        switch version {
        case .v2:
            #expect(decoded.kind == message.kind && decoded.joinRef == message.joinRef)
        case .v1:
            // V1 sends no join ref, so that a broadcast looks like a push.
            #expect(decoded.joinRef.isNull)
            #expect(decoded.kind == (message.kind == .broadcast ? .push : message.kind))
        }
    }

    @Test("bytes from the server: push, reply, broadcast")
    func decodesBinary() throws {
        for message in [
            OutboundSamples.push(OutboundSamples.binary), OutboundSamples.reply(OutboundSamples.binary),
            OutboundSamples.broadcast(OutboundSamples.binary),
        ] {
            var frame = ByteBuffer()
            let kind = try V2JSONSerializer().encode(message, into: &frame)
            let decoded = try ClientCodec(.v2).decode(frame, kind: kind)
            #expect(decoded.kind == message.kind && decoded.topic == message.topic && decoded.event == message.event)
            #expect(decoded.joinRef == message.joinRef && decoded.ref == message.ref)
            #expect(decoded.payload == message.payload)
        }
    }

    @Test("what has no form is refused, and nothing is written")
    func refusesToEncode() throws {
        func refusal(_ version: ClientCodec.Version, _ message: Message) -> PayloadError.Code? {
            var frame = ByteBuffer()
            defer { #expect(frame.readableBytes == 0) }
            do throws(PayloadError) {
                _ = try ClientCodec(version).encode(message, into: &frame)
                return nil
            } catch {
                return error.code
            }
        }
        var message = Message(
            joinRef: .null, ref: .null, topic: .name("t"), event: "e", payload: OutboundSamples.binary)
        #expect(refusal(.v1, message) == .kindNotSupported)
        message.event = String(repeating: "e", count: 256)
        #expect(refusal(.v2, message) == .fieldTooLong)
        message.event = "e"
        message.topic = .other(json: "7")
        #expect(refusal(.v2, message) == .kindNotSupported)
    }

    @Test(
        "what is no message is refused",
        arguments: [
            (ClientCodec.Version.v2, #"["1","2","t","phx_reply",{"status":"ok"}]"#, ProtocolError.Code.wrongShape),
            (.v2, #"["1","2","t","phx_reply",{"status":1,"response":{}}]"#, .wrongShape),
            (.v2, #"["1","2","t","phx_reply",[]]"#, .wrongShape),
            (.v2, #"["1","2","t","e"]"#, .wrongShape),
            (.v2, #"["1","2","t","e",{}"#, .invalidJSON),
            (.v2, #"{"topic":"t","event":"e","payload":{},"ref":"1"}"#, .wrongShape),
            (.v1, #"["1","2","t","e",{}]"#, .wrongShape),
            (.v1, #"{"topic":"t","event":"e","payload":{}}"#, .wrongShape),
        ])
    func refusesToDecode(version: ClientCodec.Version, text: String, code: ProtocolError.Code) {
        #expect(throws: ProtocolError.self) {
            try ClientCodec(version).decode(ByteBuffer(string: text), kind: .text)
        }
        #expect(refusal(version, ByteBuffer(string: text), .text) == code)
    }

    @Test("binary frames that are none")
    func refusesBinary() {
        #expect(refusal(.v2, ByteBuffer(bytes: [3, 0, 0]), .binary) == .invalidBinary)
        #expect(refusal(.v2, ByteBuffer(bytes: [2, 9, 0, 1]), .binary) == .invalidBinary)
        #expect(refusal(.v2, ByteBuffer(), .binary) == .invalidBinary)
        #expect(refusal(.v1, ByteBuffer(bytes: [2, 0, 0]), .binary) == .invalidBinary)
    }

    @Test("limits are the server's")
    func keepsLimits() {
        let long = String(repeating: "t", count: 1_025)
        #expect(refusal(.v2, ByteBuffer(string: #"[null,null,"\#(long)","e",{}]"#), .text) == .topicTooLong)
        #expect(refusal(.v2, ByteBuffer(string: #"[null,null,"t","\#(long)",{}]"#), .text) == .eventTooLong)
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(refusal(.v2, ByteBuffer(string: #"[null,null,"t","e",\#(deep)]"#), .text) == .invalidJSON)
    }

    @Test("status and response in any order, with others, escaped")
    func decodesReplies() throws {
        let frame = #"["1","2","t","phx_reply",{ "x":[1], "response" : [2] ,"\u0073tatus":"o\u006b"}]"#
        let decoded = try ClientCodec(.v2).decode(ByteBuffer(string: frame), kind: .text)
        #expect(decoded.kind == .reply(status: "ok"))
        #expect(decoded.payload.description == "[2]")
    }

    private func refusal(
        _ version: ClientCodec.Version, _ frame: ByteBuffer, _ kind: FrameKind
    ) -> ProtocolError.Code? {
        do throws(ProtocolError) {
            _ = try ClientCodec(version).decode(frame, kind: kind)
            return nil
        } catch {
            return error.code
        }
    }
}
