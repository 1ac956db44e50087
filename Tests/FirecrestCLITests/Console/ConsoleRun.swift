// Firecrest — a console session under a test's control
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import FirecrestCLI

/// Runs a session against a server, types lines, and waits for what it prints.
final class ConsoleRun: Sendable {
    private struct State {
        var text = ""
        var waiters: [(String, CheckedContinuation<Void, Never>)] = []
    }

    private let state = NIOLockedValueBox(State())
    private let input: AsyncStream<String>.Continuation
    private let interrupts: AsyncStream<Void>.Continuation
    private let running: Task<ConsoleError?, Never>

    init(_ options: ConsoleOptions) {
        let (lines, input) = AsyncStream<String>.makeStream()
        let (signals, interrupts) = AsyncStream<Void>.makeStream()
        self.input = input
        self.interrupts = interrupts
        let state = state
        running = Task {
            defer {
                // Whoever still waits sees what there is.
                for (_, waiter) in state.withLockedValue({ state in
                    defer { state.waiters = [] }
                    return state.waiters
                }) { waiter.resume() }
            }
            do {
                try await ConsoleClient.run(
                    options, report: ConsoleReport(style: Style(isColoured: false)), lines: lines,
                    interrupts: signals
                ) { text in
                    let ready = state.withLockedValue { state in
                        state.text += text
                        let ready = state.waiters.filter { state.text.contains($0.0) }
                        state.waiters.removeAll { waiter in state.text.contains(waiter.0) }
                        return ready
                    }
                    for (_, waiter) in ready { waiter.resume() }
                }
                return nil
            } catch let error as ConsoleError {
                return error
            } catch {
                return ConsoleError("\(error)")
            }
        }
    }

    var text: String { state.withLockedValue { $0.text } }

    func type(_ line: String) { input.yield(line) }
    func endInput() { input.finish() }
    func interrupt() { interrupts.yield() }

    /// Waits until the session has printed `text`; records an issue when it ends first.
    func wait(for text: String) async {
        let timer = Task {
            try? await Task.sleep(for: .seconds(5))
            if !Task.isCancelled { interrupts.yield() }
        }
        defer { timer.cancel() }
        await withCheckedContinuation { continuation in
            let isThere = state.withLockedValue { state in
                if state.text.contains(text) { return true }
                state.waiters.append((text, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        #expect(
            self.text.contains(text), "the session ended, or 5 s went by, without \(text); it printed\n\(self.text)")
    }

    /// Waits for the end. nil: a clean one.
    func end() async -> ConsoleError? { await running.value }
}

extension ConsoleOptions {
    static func test(
        _ server: TestServer, _ topic: String = "room:lobby", version: ClientCodec.Version = .v2, params: JSON = [:],
        path: String = "/socket"
    ) throws -> ConsoleOptions {
        ConsoleOptions(
            address: try ConsoleAddress(
                "ws://127.0.0.1:\(server.port)\(path)", params: params, vsn: version.rawValue),
            topic: topic, version: version)
    }
}
