// Firecrest — bad input 26: names by the thousand, which must reach neither metrics nor, in number, the log.
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct NameFloodTests {
    @Test func bad_26_names_of_clients_never_reach_the_metrics_and_the_log_is_sampled() async throws {
        try await DemoProcess.run { demo in
            let report = try await Bystanders.watch(port: demo.port, count: 20) {
                let client = try await TestClient.open(try demo.address)
                #expect(try await client.upgrade().status == 101)
                #expect(try await client.join("room:1").status == "ok")
                let before = try await metrics(demo)
                let lines = demo.logLines.count
                let count = 2_000
                for number in 0..<count {
                    var sent = ByteBuffer()
                    // Unknown topics, unknown events, crashes, refused joins, invalid paths.
                    sent.writeImmutableBuffer(
                        RawFrame(#"[null,"\#(number)","unheard-\#(number):x","phx_join",{}]"#).bytes)
                    sent.writeImmutableBuffer(
                        RawFrame(#"[null,"\#(number)","unheard-\#(number)","unheard-\#(number)",{}]"#).bytes)
                    sent.writeImmutableBuffer(
                        RawFrame(#"["1","\#(number)","room:unheard-\#(number)","phx_join",{"deny":true}]"#).bytes)
                    client.sendWithoutWaiting(sent)
                    for _ in 0..<3 { #expect(try await client.receiveMessage().status == "error") }
                }
                for number in 0..<100 {
                    let other = try await TestClient.open(try demo.address)
                    #expect(try await other.get("/unheard-\(number)?unheard=\(number)").status == 404)
                    #expect(try await other.upgrade("/unheard-\(number)/websocket").status == 404)
                    other.drop()
                    let wrong = try await TestClient.open(try demo.address)
                    #expect(try await wrong.upgrade("/socket/websocket?vsn=unheard-\(number)").status == 403)
                    wrong.drop()
                }
                let after = try await metrics(demo)
                #expect(after == before, "the metrics have other names after the flood")
                #expect(!after.contains("unheard"))
                // Ten lines of each kind a second on each loop, over the seconds that this took.
                let written = demo.logLines.count - lines
                #expect(written < 600, "\(written) log lines for \(3 * count + 300) odd messages")
                client.drop()
            }
            #expect(report.lost == 0 && report.p99 < Bystanders.bound, "\(report)")
        }
    }

    /// The page's names and labels, without the figures.
    private func metrics(_ demo: DemoProcess) async throws -> String {
        let client = try await TestClient.open(try demo.address)
        defer { client.drop() }
        let answer = try await client.get("/metrics")
        #expect(answer.status == 200)
        return answer.text.split(separator: "\n").map { line in
            line.hasPrefix("#") ? line : line.prefix(upTo: line.lastIndex(of: " ") ?? line.endIndex)
        }.joined(separator: "\n")
    }
}
