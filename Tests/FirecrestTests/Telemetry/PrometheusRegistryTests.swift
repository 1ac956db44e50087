// Firecrest — metrics as Prometheus text
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Firecrest
import Testing

@Suite("Prometheus page")
struct PrometheusRegistryTests {
    let registry = PrometheusRegistry()

    private var lines: [String] { registry.text().split(separator: "\n").map(String.init) }

    @Test("a counter ends in _total, one series for each set of labels")
    func counters() {
        for (path, amount) in [("a", 2), ("b", 3), ("a", 4)] {
            Counter(label: "app.requests", dimensions: [("path", path)], factory: registry).increment(by: amount)
        }
        #expect(
            lines.prefix(3) == [
                "# TYPE app_requests_total counter", #"app_requests_total{path="a"} 6"#,
                #"app_requests_total{path="b"} 3"#,
            ])
    }

    @Test("a meter goes up and down")
    func gauges() {
        let meter = Meter(label: "app.open", factory: registry)
        meter.set(7)
        meter.decrement(by: 2.5)
        #expect(lines.prefix(2) == ["# TYPE app_open gauge", "app_open 4.5"])
    }

    @Test("a timer is a histogram in seconds whose buckets add up")
    func timers() {
        let timer = Timer(label: "app.took", dimensions: [("what", "x")], factory: registry)
        for nanoseconds: Int64 in [9_000, 600_000, 700_000, 20_000_000_000] { timer.recordNanoseconds(nanoseconds) }
        let text = registry.text()
        #expect(text.contains(#"app_took_seconds_bucket{what="x",le="1e-05"} 1"# + "\n"))
        #expect(text.contains(#"app_took_seconds_bucket{what="x",le="0.0005"} 1"# + "\n"))
        #expect(text.contains(#"app_took_seconds_bucket{what="x",le="0.001"} 3"# + "\n"))
        #expect(text.contains(#"app_took_seconds_bucket{what="x",le="10"} 3"# + "\n"))
        #expect(text.contains(#"app_took_seconds_bucket{what="x",le="+Inf"} 4"# + "\n"))
        #expect(text.contains(#"app_took_seconds_count{what="x"} 4"# + "\n"))
        #expect(text.contains(#"app_took_seconds_sum{what="x"} 20.00130"#))
    }

    @Test("names and labels are made fit")
    func escapes() {
        Counter(label: "1 bad-name", dimensions: [("a b", "x\"y\\z\n")], factory: registry).increment()
        #expect(lines.contains(##"_1_bad_name_total{a_b="x\"y\\z\n"} 1"##))
    }

    @Test("a metric that was explained has the words on the page, whichever kind it is")
    func explained() {
        registry.explain("app.requests", "Requests,\nall \\ of them.")
        registry.explain("app.took", "How long.")
        Counter(label: "app.requests", factory: registry).increment()
        Timer(label: "app.took", factory: registry).recordNanoseconds(1)
        #expect(lines.first == ##"# HELP app_requests_total Requests,\nall \\ of them."##)
        #expect(lines.contains("# HELP app_took_seconds How long."))
    }

    @Test("a name of one kind is not another's, and there is an end to the number of series")
    func bounded() {
        let small = PrometheusRegistry(maxSeries: 3)
        for index in 0..<10_000 {
            Counter(label: "c", dimensions: [("client", "\(index)")], factory: small).increment()
        }
        #expect(small.text().split(separator: "\n").count { $0.hasPrefix("c_total") } == 3)
        #expect(small.text().contains("firecrest_metrics_refused_total 9997\n"))

        Meter(label: "m", factory: registry).set(1)
        Recorder(label: "m", dimensions: [], aggregate: true, factory: registry).record(5)
        #expect(lines.filter { $0.hasPrefix("m") } == ["m 1"])
    }

    @Test("many threads count without losing any")
    func concurrent() async {
        let timer = Timer(label: "t", factory: registry)
        let counter = Counter(label: "n", factory: registry)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        timer.recordNanoseconds(1_000_000_000)
                    }
                }
            }
        }
        #expect(registry.text().contains("n_total 80000\n"))
        #expect(registry.text().contains("t_seconds_sum 80000\n"))
    }

    @Test("a destroyed metric is gone")
    func destroyed() {
        let counter = Counter(label: "gone", factory: registry)
        counter.increment()
        counter.destroy()
        #expect(!registry.text().contains("gone"))
    }
}
