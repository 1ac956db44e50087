// Firecrest — short loads for tests
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport

@testable import FirecrestCLI

extension BenchSettings {
    /// A short run without a warm-up.
    static func test(_ mode: BenchMode, url: String, _ change: (inout BenchSettings) -> Void = { _ in })
        -> BenchSettings
    {
        var settings = BenchSettings(mode: mode, url: url)
        settings.connections = 4
        settings.warmup = 0
        settings.seconds = 0.3
        settings.heartbeat = 0
        settings.patience = 3
        settings.seed = 7
        change(&settings)
        return settings
    }

    func run(pids: [Int32] = []) async throws -> BenchReport {
        var session = BenchSession(settings: self)
        session.pids = pids
        return try await session.run()
    }
}

extension TestServer {
    var socketURL: String { "ws://127.0.0.1:\(port)/socket" }
}
