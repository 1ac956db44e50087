// Firecrest — signals that come again while a server stops.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOConcurrencyHelpers
import ServiceLifecycle
import UnixSignals

/// The first SIGTERM or SIGINT begins the shutdown of a service group, the second cuts it short, the third ends the process.
enum Stopping {
    static func run(_ group: ServiceGroup) async throws {
        let running = Task { try await group.run() }
        let isCutShort = NIOLockedValueBox(false)
        let watching = Task {
            var count = 0
            for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count == 2 {
                    isCutShort.withLockedValue { $0 = true }
                    running.cancel()
                } else if count > 2 {
                    exit(128 + signal.rawValue)
                }
            }
        }
        defer { watching.cancel() }
        do {
            try await running.value
        } catch  where isCutShort.withLockedValue({ $0 }) {
            // It was asked to.
        }
    }
}
