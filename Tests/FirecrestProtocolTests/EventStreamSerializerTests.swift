// Firecrest — messages as events of a stream
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Event stream serializer")
struct EventStreamSerializerTests {
    let serializer = EventStreamSerializer()

    @Test("a broadcast and a push are the event and its payload")
    func messages() throws {
        let payload = OutboundSamples.payload(#"{"a":1}"#)
        let expected = "event: new_msg\ndata: {\"a\":1}\n\n"
        #expect(
            try serializer.encoded(.broadcast(topic: "room:1", event: "new_msg", payload: payload)) == expected)
        #expect(
            try serializer.encoded(
                .push(joinRef: Ref("1"), topic: "room:1", event: "new_msg", payload: payload)) == expected)
        #expect(
            try serializer.encoded(
                .lifecycle("phx_close", joinRef: Ref("1"), topic: "room:1", payload: .empty))
                == "event: phx_close\ndata: {}\n\n")
    }

    @Test("JSON that was written over several lines arrives whole")
    func severalLines() throws {
        let payload = try Payload(jsonText: ByteBuffer(string: "{\r\n \"a\": 1,\n \"b\": \"x\\ny\"\r}"))
        let text = try serializer.encoded(.broadcast(topic: "t", event: "e\nid: 5", payload: payload))
        let events = EventStreamReader.events(in: text.utf8)
        #expect(events.map(\.type) == ["e%0Aid: 5"])
        #expect(events.map(\.data) == ["{\n \"a\": 1,\n \"b\": \"x\\ny\"\n}"])
        #expect(events.map(\.lastEventID) == [""])
    }

    @Test("bytes are base64 behind a word that says so")
    func bytes() throws {
        #expect(
            try serializer.encoded(.broadcast(topic: "t", event: "e", payload: .binary([1, 2, 3])))
                == "event: e\ndata: base64:AQID\n\n")
    }

    @Test("a reply is phx_reply with status and response")
    func replies() throws {
        func reply(_ payload: Payload) -> OutboundMessage {
            .reply(joinRef: Ref("1"), ref: Ref("1"), topic: .name("t"), status: "o\"k", payload: payload)
        }
        #expect(
            try serializer.encoded(reply(OutboundSamples.payload("[1]")))
                == "event: phx_reply\ndata: {\"status\":\"o\\\"k\",\"response\":[1]}\n\n")
        #expect(
            try serializer.encoded(reply(.binary([1, 2, 3])))
                == "event: phx_reply\ndata: {\"status\":\"o\\\"k\",\"response_base64\":\"AQID\"}\n\n")
        let spread = EventStreamReader.events(in: try serializer.encoded(reply(OutboundSamples.payload("[\n1]"))).utf8)
        #expect(spread.map(\.data) == ["{\"status\":\"o\\\"k\",\"response\":[\n1]}"])
    }

    @Test("the first reply says whether what was missed is there", arguments: [true, false])
    func recovered(recovered: Bool) throws {
        var buffer = ByteBuffer()
        EventStreamSerializer.writeReply(status: "ok", .empty, recovered: recovered, into: &buffer)
        #expect(
            String(buffer: buffer)
                == "event: phx_reply\ndata: {\"status\":\"ok\",\"response\":{},\"recovered\":\(recovered)}\n\n")
    }

    @Test("nothing comes in on an event stream")
    func decoding() {
        #expect(serializer.refusal(#"["1","1","t","phx_join",{}]"#) == .wrongShape)
    }

    @Test("the estimate of the size is enough", arguments: [0, 10, 100_000])
    func sizeHint(length: Int) throws {
        for payload in [
            Payload.binary(Array(repeating: 7, count: length)),
            try Payload(["d": .string(String(repeating: "x", count: length))]),
        ] {
            for message: OutboundMessage in [
                .broadcast(topic: "room:1", event: "new_msg", payload: payload),
                .reply(joinRef: .null, ref: .null, topic: .name("t"), status: "ok", payload: payload),
            ] {
                var buffer = ByteBuffer()
                _ = try serializer.encode(message, into: &buffer)
                #expect(buffer.readableBytes <= serializer.sizeHint(message))
            }
        }
    }
}
