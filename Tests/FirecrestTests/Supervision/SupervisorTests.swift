// Firecrest — tests: a supervisor's times, ends, words and figures; its order is compared with OTP's elsewhere
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import Logging
import MetricsTestKit
import NIOConcurrencyHelpers
import ServiceLifecycle
import Testing

@testable import Firecrest

@Suite struct SupervisorTests {
    private let log = RecordedLog()
    private let metrics = TestMetrics()
    private let hand = HandTime()
    private let children = ScriptedChildren()

    private func supervisor(
        _ specifications: [ChildSpecification], intensity: RestartIntensity = RestartIntensity(3, in: .seconds(5))
    ) -> Supervisor {
        Supervisor(
            .oneForOne, name: "feeds", intensity: intensity, logger: log.logger, metrics: metrics, time: hand.time,
            children: specifications)
    }

    /// Runs it in a service group, and then shuts that down.
    private func run(_ supervisor: Supervisor, _ body: (ServiceGroup) async throws -> Void) async throws {
        let group = ServiceGroup(services: [supervisor], logger: log.logger)
        async let ended: Void = group.run()
        do {
            try await body(group)
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await ended
    }

    private func lines(_ beginning: String) -> [RecordedLog.Line] {
        log.lines.filter { $0.message.hasPrefix(beginning) }
    }

    @Test func childrenStartInOrderAndStopInReverseEachWhenTheOneAfterItHas() async throws {
        try await run(supervisor(["a", "b", "c"].map { children.worker($0) })) { _ in
            try await children.wait(for: 3)
        }
        #expect(children.trace == ["start a", "start b", "start c", "stop c", "stop b", "stop a"])
    }

    @Test func theNextChildWaitsUntilTheOneBeforeItIsMade() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let slow = child("slow") { [children] in
            children.add("making slow")
            for await _ in gate {}
            children.add("made slow")
            return ClosureService { try? await gracefulShutdown() }
        }
        try await run(supervisor([slow, children.worker("b")])) { _ in
            try await children.wait(for: 1)
            open.finish()
            try await children.wait(for: 3)
        }
        #expect(children.trace == ["making slow", "made slow", "start b", "stop b"])
    }

    @Test func eachRestartIsLoggedAndCounted() async throws {
        try await run(supervisor([children.worker("a"), children.worker("b", .temporary)])) { _ in
            try await children.wait(for: 2)
            children.tell("a", .crash)
            try await children.wait(for: 4)
            children.tell("a", .exit)
            try await children.wait(for: 6)
            children.tell("b", .crash)
            try await children.wait(for: 7)
        }
        let restarts = lines("A child ended and is started again")
        #expect(restarts.map { $0.metadata["error"] } == ["Crash()", "none, run() returned"])
        #expect(restarts.allSatisfy { $0.metadata["supervisor"] == "feeds" && $0.metadata["child"] == "a" })
        #expect(restarts.allSatisfy { $0.level == .warning })
        #expect(
            try metrics.expectCounter("firecrest.supervisor.restarts", [("supervisor", "feeds"), ("child", "a")])
                .totalValue == 2)
    }

    @Test func oneRestartMoreThanAllowedIsGivingUp() async throws {
        let supervisor = supervisor(
            [children.worker("a"), children.worker("b")], intensity: RestartIntensity(2, in: .seconds(10)))
        async let ended: Void = supervisor.run()
        try await children.wait(for: 2)
        // Two in the period, and out of it again: all are allowed.
        for round in 1...4 {
            children.tell("b", .crash)
            try await children.wait(for: 2 + 2 * round)
            hand.advance(by: .seconds(6))
        }
        children.tell("b", .crash)
        try await children.wait(for: 12)
        children.tell("b", .crash)
        do {
            try await ended
            Issue.record("it did not give up")
        } catch let error as SupervisorError {
            #expect(error.code == .tooManyRestarts)
            #expect(error.child == "b")
            #expect(error.supervisor == "feeds")
            #expect(error.error is ScriptedChildren.Crash)
            #expect(error.intensity == RestartIntensity(2, in: .seconds(10)))
        }
        #expect(children.trace.last == "stop a")
        #expect(lines("A supervisor gives up").map(\.level) == [.error])
    }

    @Test func aChildThatIsNotDoneInItsTimeIsCancelled() async throws {
        let supervisor = supervisor([
            children.worker("a"), children.worker("deaf", shutdown: .seconds(7), ignoring: true),
        ])
        try await run(supervisor) { group in
            try await children.wait(for: 2)
            await group.triggerGracefulShutdown()
            try await hand.waitForSleeper()
            hand.advance(by: .milliseconds(6_999))
            #expect(!children.trace.contains("stop a"))
            hand.advance(by: .milliseconds(1))
        }
        #expect(children.trace.last == "stop a")
        #expect(lines("A child did not stop in its time").map { $0.metadata["child"] } == ["deaf"])
        #expect(lines("A child does not heed").isEmpty)
    }

    @Test func aChildThatDoesNotHeedItsCancellationIsLeftBehind() async throws {
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let stuck = child("stuck", shutdown: .cancel) { [children] in
            ClosureService {
                children.add("running")
                // A task of its own is not cancelled with this one.
                await Task { for await _ in gate {} }.value
                children.add("ended after all")
            }
        }
        try await run(supervisor([children.worker("a"), stuck])) { group in
            try await children.wait(for: 2)
            await group.triggerGracefulShutdown()
            try await hand.waitForSleeper()
            hand.advance(by: Supervisor.cancellationLimit)
            try await children.wait(for: 3)
        }
        #expect(children.trace == ["start a", "running", "stop a"])
        #expect(lines("A child does not heed").map { $0.metadata["child"] } == ["stuck"])
        #expect(
            try metrics.expectCounter("firecrest.supervisor.runaways", [("supervisor", "feeds"), ("child", "stuck")])
                .totalValue == 1)
        open.finish()
        try await children.wait(for: 4)
    }

    @Test func aCancelledSupervisorCancelsItsChildrenAndReturns() async throws {
        let supervisor = supervisor([
            children.worker("a"), children.worker("deaf", shutdown: .infinity, ignoring: true),
        ])
        let task = Task { try await supervisor.run() }
        try await children.wait(for: 2)
        task.cancel()
        try await task.value
        #expect(children.trace == ["start a", "start deaf"])
    }

    @Test func cancellingWhileAChildIsWaitedForEndsTheWait() async throws {
        let deaf = child("tree") { [children, log, hand] in
            Supervisor(
                .oneForOne, name: "inner", intensity: RestartIntensity(1, in: .seconds(5)), logger: log.logger,
                time: hand.time, children: [children.worker("deaf", shutdown: .infinity, ignoring: true)])
        }
        let group = ServiceGroup(services: [supervisor([deaf])], logger: log.logger)
        let task = Task { try await group.run() }
        try await children.wait(for: 1)
        await group.triggerGracefulShutdown()
        task.cancel()
        _ = await task.result
        #expect(children.trace == ["start deaf"])
    }

    @Test func aStartThatHangsDoesNotHoldUpTheShutdown() async throws {
        let hanging = child("hanging") { [children] in
            children.add("making")
            try await Task.sleep(for: .seconds(3_600))
            return ClosureService {}
        }
        try await run(supervisor([children.worker("a"), hanging, children.worker("never")])) { _ in
            try await children.wait(for: 2)
        }
        #expect(children.trace == ["start a", "making", "stop a"])
    }

    @Test func twoChildrenOfOneNameAreRefused() async throws {
        let error = await #expect(throws: SupervisorError.self) {
            try await supervisor([children.worker("a"), children.worker("a")]).run()
        }
        #expect(error?.code == .duplicateChild)
        #expect(error?.description == "the supervisor feeds has two children a; give each an id of its own")
        #expect(children.trace.isEmpty)
    }

    @Test func withoutChildrenItGoesOn() async throws {
        let started = NIOLockedValueBox(false)
        let task = Task { [supervisor = supervisor([children.worker("a", .temporary)])] in
            try await supervisor.run { started.withLockedValue { $0 = true } }
        }
        try await children.wait(for: 1)
        children.tell("a", .exit)
        try await children.wait(for: 2)
        try await Task.sleep(for: .milliseconds(20))
        #expect(started.withLockedValue { $0 })
        #expect(children.trace == ["start a", "exit a"])
        task.cancel()
        try await task.value
    }

    @Test func childrenAfterAnEndpointStartWhenItListens() async throws {
        let endpoint = child("endpoint") {
            var options = EndpointOptions()
            options.listen = [.hostname("127.0.0.1", port: 0)]
            options.loops = 1
            return try Endpoint(options) {}
        }
        let refused = child("refused") {
            var options = EndpointOptions()
            options.listen = [.hostname("127.0.0.1", port: 0), .hostname("192.0.2.1", port: 1)]
            options.loops = 1
            return try Endpoint(options) {}
        }
        try await run(supervisor([endpoint, children.worker("b")])) { _ in try await children.wait(for: 1) }
        #expect(children.trace == ["start b", "stop b"])
        let error = await #expect(throws: SupervisorError.self) {
            try await supervisor([refused, children.worker("c")]).run()
        }
        #expect(error?.code == .startFailed)
        #expect(children.trace.count == 2)
    }

    @Test func itReadsWell() async throws {
        let isSlow = true
        let supervisor = Supervisor(.restForOne, name: "built") {
            child("prices") { ClosureService { try? await gracefulShutdown() } }
            if isSlow {
                child("slow", restart: .transient, shutdown: .milliseconds(100)) { ClosureService {} }
            }
            for number in 0..<2 {
                child("feed \(number)", restart: .temporary, shutdown: .infinity) { ClosureService {} }
            }
        }
        #expect(supervisor.children.map(\.id) == ["prices", "slow", "feed 0", "feed 1"])
        #expect(supervisor.intensity == RestartIntensity(3, in: .seconds(5)))
    }
}
