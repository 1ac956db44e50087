// Firecrest — what moves in the demo, and the one timer that moves it.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// The acts of the demo. One service ticks for all of them; it ends when nobody watches any, and begins with the next one
/// who comes. Where an act fails, a supervisor starts it again.
final class Stage: Sendable {
    /// Channels are made by their type, so what they share is found by a name of the program.
    static let shared = Stage()

    /// Every act's ticks a second divide it.
    private static let stepsPerSecond = 60

    let market = Market()
    let desk = Desk()
    let field = Field()
    let monitor = Monitor()
    let users = Listeners()
    let endpoint = EndpointReference()
    private let acts: [any Act]
    private let isRunning = NIOLockedValueBox(false)

    /// - Parameter acts: nil for those of the demo.
    init(acts: [any Act]? = nil) {
        self.acts = acts ?? [market, desk, field, monitor]
    }

    /// Whether it ticks: while somebody has a seat.
    var isTicking: Bool { isRunning.withLockedValue { $0 } }

    /// Somebody took a seat.
    func wake() {
        let begins = isRunning.withLockedValue { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        if begins { Task { await runSupervised() } }
    }

    private func runSupervised() async {
        let logger = endpoint.endpoint?.options.logger ?? Logger(label: "firecrest")
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let supervisor = Supervisor(.oneForOne, name: "stage", logger: logger) {
            child("ticker", restart: .transient) { [self] in
                ClosureService {
                    try await self.run()
                    end.finish()
                }
            }
        }
        let gaveUp = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                try? await supervisor.run()
                return true
            }
            group.addTask {
                for await _ in ends {}
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? true
        }
        // The next one who takes a seat begins anew.
        if gaveUp { isRunning.withLockedValue { $0 = false } }
    }

    /// Asked with the lock held: who takes a seat later finds the task running, or starts another.
    private func goesOn() -> Bool {
        isRunning.withLockedValue { isRunning in
            isRunning = endpoint.endpoint != nil && acts.contains { !$0.seats.isEmpty }
            return isRunning
        }
    }

    private func run() async throws {
        let start = ContinuousClock.now
        var step = 0
        while goesOn(), let endpoint = endpoint.endpoint {
            let watched = acts.filter { !$0.seats.isEmpty }
            // A step that came too late is not made up for.
            step = max(step, Int(start.duration(to: .now) / .seconds(1) * Double(Self.stepsPerSecond)))
            repeat { step += 1 } while !watched.contains { isDue($0, step) } && !watched.isEmpty
            try await Task.sleep(until: start + .seconds(1) * step / Self.stepsPerSecond, clock: .continuous)
            for act in watched where isDue(act, step) {
                try await act.tick(endpoint)
            }
        }
    }

    private func isDue(_ act: any Act, _ step: Int) -> Bool {
        step % (Self.stepsPerSecond / type(of: act).ticksPerSecond) == 0
    }
}
