// Firecrest — tests: supervisors do what a real one of OTP does, scenario by scenario
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import Logging
import ServiceLifecycle
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@testable import Firecrest

/// Each scenario runs on OTP's supervisor first; ours has to do the same, step by step, and to end the same way.
@Suite struct OTPSupervisorTests {
    /// nil where there is no Erlang, which is a failure in CI only.
    private static let traces: Result<[String: OTPTrace], any Error>? = {
        guard OTPTrace.escript != nil || getenv("CI") != nil else { return nil }
        return Result { try OTPTrace.run(SupervisorScenario.all) }
    }()

    @Test(
        .enabled("there is no escript on PATH (Debian: erlang-base)") { Self.traces != nil },
        arguments: SupervisorScenario.all)
    func doesAsOTP(_ scenario: SupervisorScenario) async throws {
        let expected = try #require(try Self.traces?.get()[scenario.name])
        let children = ScriptedChildren()
        for (id, count) in scenario.failing { children.failStarts(of: id, count) }
        let hand = HandTime()
        let top = supervisor("top", scenario.strategy, scenario.intensity, scenario.children, children, hand)
        let group = ServiceGroup(
            services: [top], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let life = Task { try await group.run() }

        // Lines that come too early, too late or too often make the whole differ, whenever they come.
        var count = 0
        for (number, step) in expected.steps.enumerated() {
            if number > 0, number <= scenario.events.count { act(scenario.events[number - 1], children, hand) }
            if number == scenario.events.count + 1 { await group.triggerGracefulShutdown() }
            count += step.count
            try await wait(for: count, children, hand, "\(scenario.name), step \(number)")
        }
        let clock = Task {
            // What still stops may need time, too.
            while !Task.isCancelled {
                hand.advance(by: .milliseconds(1))
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        let end = await life.result
        clock.cancel()
        #expect(children.trace == expected.steps.flatMap(\.self))
        #expect(Self.describe(end) == expected.end)
    }

    @Test func theListIsWhatItIsSaidToBe() {
        let scenarios = SupervisorScenario.all
        #expect(scenarios.count >= 25)
        #expect(Set(scenarios.map(\.name)).count == scenarios.count)
    }

    private func wait(for count: Int, _ children: ScriptedChildren, _ hand: HandTime, _ what: String) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while children.trace.count < count {
            guard ContinuousClock.now < deadline else {
                throw TestFailure("\(what): \(children.trace.joined(separator: ", ")), and no more")
            }
            // Only a shutdown's limit is ever slept for; that of a child that stops is far away.
            if hand.sleepers > 0 { hand.advance(by: .milliseconds(5)) }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private static func describe(_ end: Result<Void, any Error>) -> String {
        switch end {
        case .success: return "stopped"
        case .failure(let error):
            switch (error as? SupervisorError)?.code {
            case .tooManyRestarts: return "gave_up"
            case .startFailed: return "not_started"
            default: return "\(error)"
            }
        }
    }

    private func act(_ event: SupervisorScenario.Event, _ children: ScriptedChildren, _ hand: HandTime) {
        switch event {
        case .crash(let id): children.tell(id, .crash)
        case .exit(let id): children.tell(id, .exit)
        case .fail(let id, let count): children.failStarts(of: id, count)
        case .wait(let milliseconds): hand.advance(by: .milliseconds(milliseconds))
        }
    }

    private func supervisor(
        _ name: String, _ strategy: SupervisionStrategy, _ intensity: RestartIntensity,
        _ nodes: [SupervisorScenario.Node], _ children: ScriptedChildren, _ hand: HandTime
    ) -> Supervisor {
        Supervisor(
            strategy, name: name, intensity: intensity, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            time: hand.time,
            children: nodes.map { node in
                switch node {
                case .worker(let id, let restart, let shutdown, let ignoring):
                    children.worker(id, restart, shutdown: shutdown, ignoring: ignoring)
                case .tree(let id, let restart, let strategy, let nodes, let intensity):
                    child(id, restart: restart) {
                        supervisor(id, strategy, intensity, nodes, children, hand)
                    }
                }
            })
    }
}

/// What OTP's supervisor did in a scenario.
struct OTPTrace: Sendable {
    /// The start, each event, the shutdown; what the children did in it.
    var steps: [[String]] = []
    var end = ""

    static var escript: String? {
        let folders = getenv("PATH").map { String(cString: $0) } ?? ""
        return folders.split(separator: ":").map { "\($0)/escript" }.first { access($0, X_OK) == 0 }
    }

    /// By the names of the scenarios.
    static func run(_ scenarios: [SupervisorScenario]) throws -> [String: OTPTrace] {
        guard let escript else { throw TestFailure("no escript on PATH; scripts/setup test installs it") }
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
        let file = "/tmp/firecrest-\(getpid())-\(UInt32.random(in: 0 ... .max)).term"
        guard let input = fopen(file, "w") else { throw TestFailure("\(file): errno \(errno)") }
        fputs(scenarios.map(\.term).joined(separator: "\n") + "\n", input)
        fclose(input)
        defer { unlink(file) }
        // Limited, for a scenario that OTP never comes to rest in.
        guard
            let output = popen(
                "timeout 100 \(escript) '\(root)/Interop/erlang/supervisor.escript' \(file) 2>&1", "r")
        else { throw TestFailure("escript could not be started: errno \(errno)") }
        var text = ""
        var line = [CChar](repeating: 0, count: 4_096)
        while fgets(&line, Int32(line.count), output) != nil {
            text += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        guard pclose(output) == 0 else { throw TestFailure("escript failed: \(text)") }
        return parse(text)
    }

    private static func parse(_ text: String) -> [String: OTPTrace] {
        var traces: [String: OTPTrace] = [:]
        var name = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("scenario ") {
                name = String(line.dropFirst("scenario ".count))
                traces[name] = OTPTrace()
            } else if line.hasPrefix("end ") {
                traces[name]?.end = String(line.dropFirst("end ".count))
            } else if traces[name]?.end == "" {
                traces[name]?.steps.append(
                    line.isEmpty ? [] : line.split(separator: ",").map { String($0.drop { $0 == " " }) })
            }
        }
        return traces
    }
}
