// Firecrest — `/metrics` of a demo with workers
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestTestSupport
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import Testing

@Suite struct WorkerMetricsTests {
    @Test func whichever_worker_is_asked_the_page_has_the_figures_of_all() async throws {
        try await DemoProcess.run(["--workers", "3"]) { demo in
            for _ in 0..<3 {
                let client = try await TestClient.open(try demo.address)
                let page = try await client.get("/metrics").text
                for worker in 0..<3 {
                    #expect(page.contains("firecrest_worker_up{worker=\"\(worker)\"} 1\n"))
                    #expect(page.contains("firecrest_connections_accepted_total{worker=\"\(worker)\"} "))
                }
                #expect(page.contains("firecrest_hub_broadcasts_refused_total{worker=\"2\"} 0\n"))
                client.drop()
            }
            // The hub's stand there once, a second after it has something to tell.
            let deadline = ContinuousClock.now + .seconds(20)
            var lines = 0
            while lines == 0, ContinuousClock.now < deadline {
                let client = try await TestClient.open(try demo.address)
                let page = try await client.get("/metrics").text
                lines = page.split(separator: "\n").count { $0 == "firecrest_hub_workers 3" }
                client.drop()
            }
            #expect(lines == 1)
        }
    }

    @Test func bad_43_a_worker_whose_loop_never_returns_is_missing_on_the_page_of_the_others() async throws {
        try await DemoProcess.run(["--workers", "2", "--trap"]) { demo in
            let children = demo.children
            let victim = try await TestClient.open(try demo.address)
            _ = try await victim.upgrade()
            _ = try await victim.join("room:1")
            try await victim.push(
                joinRef: "1", topic: "room:1", event: "block", payloadJSON: #"{"ms":3600000}"#)
            // The other worker has fewer connections, so it gets the next.
            let client = try await TestClient.open(try demo.address)
            for _ in 0..<3 {
                let asked = ContinuousClock.now
                let page = try await client.get("/metrics").text
                #expect(ContinuousClock.now - asked < .seconds(5))
                #expect(page.contains("firecrest_workers_unanswered 1\n"))
                let missing = (0..<2).filter { page.contains("firecrest_worker_up{worker=\"\($0)\"} 0\n") }
                #expect(missing.count == 1)
            }
            for pid in children { kill(pid, SIGKILL) }
            client.drop()
            victim.drop()
        }
    }
}
