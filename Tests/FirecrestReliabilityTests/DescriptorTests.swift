// Firecrest — bad input 42: no descriptor is left.
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct DescriptorTests {
    @Test func bad_42_without_descriptors_new_clients_are_answered_and_old_ones_live() async throws {
        try await DemoProcess.run(["--loops", "2"]) { demo in
            let report = try await Bystanders.watch(port: demo.port, count: 20) {
                let first = try await TestClient.open(try demo.address)
                #expect(try await first.upgrade().status == 101)
                #expect(try await first.join("room:1").status == "ok")
                let page = try await TestClient.open(try demo.address)
                #expect(try await Self.failures(page) == 0)
                try demo.leaveDescriptors(3)
                var held: [TestClient] = []
                var refused = 0
                while refused < 10 {
                    let client = try await TestClient.open(try demo.address)
                    client.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest()))
                    let answer = try await client.receiveAnswer()
                    if answer.status == 101 {
                        held.append(client)
                        try #require(held.count < 100, "the limit is never reached")
                        continue
                    }
                    refused += 1
                    #expect(answer.status == 503)
                    #expect(answer.errorCode == "out_of_descriptors")
                    #expect(answer["connection"] == "close")
                    #expect(
                        answer.text
                            == "The server has no descriptor left for a connection; try again later. (out_of_descriptors)\n"
                    )
                    try await client.waitForClose()
                }
                // Clients that wait in the kernel's queue, behind one that has the last descriptor and does not let go.
                let (before, failures) = (demo.processorSeconds, try await Self.failures(page))
                var waiting: [TestClient] = []
                for _ in 0..<5 { waiting.append(try await TestClient.open(try demo.address, readsByItself: false)) }
                let began = ContinuousClock.now
                while ContinuousClock.now - began < .seconds(1) {
                    #expect(try await first.heartbeat().status == "ok")
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(demo.processorSeconds - before < 0.6, "accept is tried again and again")
                // Ten a second.
                #expect(try await Self.failures(page) - failures < 50)
                page.drop()
                for client in waiting { client.drop() }
                // Room again.
                for client in held { client.drop() }
                try await expectAccepted(demo)
                #expect(try await first.heartbeat().status == "ok")
                first.drop()
            }
            #expect(report.lost == 0, "\(report)")
            #expect(report.p99 < Bystanders.bound, "\(report)")
            let said = demo.logLines.filter { $0.contains("A connection cannot be accepted") }
            #expect((1...2).contains(said.count), "\(said.count) log lines for one event")
        }
    }

    /// How often `accept` has failed, by a connection that is open.
    private static func failures(_ page: TestClient) async throws -> Int {
        let name = "firecrest_accept_failures_total "
        let line = try await page.get("/metrics").text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { Int(Double($0.dropFirst(name.count)) ?? 0) } ?? 0
    }

    private func expectAccepted(_ demo: DemoProcess) async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while true {
            let client = try await TestClient.open(try demo.address)
            defer { client.drop() }
            let status = try await client.get("/healthz").status
            if status == 200 { return }
            guard status == 503, ContinuousClock.now < deadline else {
                throw TestFailure("clients are still turned away, with \(status)")
            }
            try await client.waitForClose()
        }
    }
}
