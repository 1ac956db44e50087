// Firecrest — which workers there should be: starts, restarts, replacements, the end. No processes here, only decisions.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// Decides what becomes of the workers. Told what happened and when, it says what to do; it does nothing itself, so that
/// tests drive it with a time of their own.
///
/// A slot has one worker that serves. It may have another that comes to take its place, and any number that are on their
/// way out.
struct FleetPlan {
    typealias Instant = ContinuousClock.Instant

    enum Action: Equatable {
        case start(WorkerID)
        /// Give it no more connections, and ask it to end (SIGTERM).
        case drain(WorkerID)
        /// SIGKILL.
        case kill(WorkerID)
        /// Nothing but a word: what was to take this one's place does not start, and it goes on. The last one's end.
        case keepOld(WorkerID, String)
        /// Nothing is left to do. The reason, where that is no success.
        case finish(WorkersError?)
    }

    enum Event: Equatable {
        case begin
        case started(WorkerID)
        case notStarted(WorkerID, String)
        case ready(WorkerID)
        /// Of its own accord it is about to end.
        case stopping(WorkerID)
        case ended(WorkerID, String)
        case stuck(WorkerID)
        /// SIGHUP.
        case replaceAll
        /// SIGTERM.
        case terminate
        case tick
    }

    private struct Member {
        let id: WorkerID
        let since: Instant
        /// When it is killed, unless it has done by then what is awaited: be ready, or end.
        var deadline: Instant?
        var isReady = false
        /// Still there for the connections that it has, on loops that are not blocked, but gets no new ones.
        var isStuck = false
    }

    private struct Slot {
        var serving: Member?
        /// Takes the place of `serving` when it is ready.
        var coming: Member?
        /// When the next one is started; nil while it is on its way, or none shall be.
        var startAt: Instant?
        /// Lives in a row that were short.
        var shortLives = 0
        /// Workers in a row that came to take the place of `serving`, and ended before they were ready.
        var failedReplacements = 0
    }

    private let limits: WorkersLimits
    private var slots: [Slot]
    private var retiring: [Member] = []
    private var budget: RestartBudget
    private var lastLife = 0
    private var hasServed = false
    /// Slots that wait for their replacement; the first one's is under way.
    private var replacing: [Int] = []
    private var isStopping = false
    private var failure: WorkersError?
    private var isFinished = false

    init(count: Int, limits: WorkersLimits) {
        self.limits = limits
        slots = Array(repeating: Slot(), count: count)
        budget = RestartBudget(limits.restarts)
    }

    /// When `tick` is due at the latest; nil: not before something else happens.
    var deadline: Instant? {
        let members = slots.flatMap { [$0.serving?.deadline, $0.coming?.deadline, $0.startAt] }
        return (members + retiring.map(\.deadline)).compactMap { $0 }.min()
    }

    /// Whether connections may be handed to this one.
    func serves(_ id: WorkerID) -> Bool {
        slots[id.slot].serving.map { $0.id == id && $0.isReady && !$0.isStuck } ?? false
    }

    mutating func handle(_ event: Event, now: Instant) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .begin:
            for index in slots.indices { start(index, now, &actions) }
        case .started: break
        case .notStarted(let id, let reason): ended(id, reason, now, &actions)
        case .ready(let id): ready(id, now, &actions)
        case .stopping(let id): stopping(id, now, &actions)
        case .ended(let id, let how): ended(id, how, now, &actions)
        case .stuck(let id):
            if slots[id.slot].serving?.id == id { slots[id.slot].serving?.isStuck = true }
            replace(id.slot, now, &actions) { $0?.id == id }
        case .replaceAll:
            guard !isStopping else { break }
            for index in slots.indices where !replacing.contains(index) { replacing.append(index) }
            if replacing.count == slots.count { replaceNext(now, &actions) }
        case .terminate: stop(now, &actions)
        case .tick: break
        }
        passTime(now, &actions)
        finishIfDone(&actions)
        return actions
    }

    // MARK: starts

    private mutating func start(_ index: Int, _ now: Instant, _ actions: inout [Action]) {
        lastLife += 1
        let id = WorkerID(slot: index, life: lastLife)
        let member = Member(id: id, since: now, deadline: now + limits.startTimeout)
        slots[index].startAt = nil
        if slots[index].serving == nil { slots[index].serving = member } else { slots[index].coming = member }
        actions.append(.start(id))
    }

    private mutating func ready(_ id: WorkerID, _ now: Instant, _ actions: inout [Action]) {
        hasServed = true
        if slots[id.slot].serving?.id == id {
            slots[id.slot].serving?.isReady = true
            slots[id.slot].serving?.deadline = nil
        } else if var coming = slots[id.slot].coming, coming.id == id {
            coming.isReady = true
            coming.deadline = nil
            if let old = slots[id.slot].serving { retire(old, now, &actions) }
            slots[id.slot].serving = coming
            slots[id.slot].coming = nil
            slots[id.slot].failedReplacements = 0
        }
        if replacing.first == id.slot, !retiring.contains(where: { $0.id.slot == id.slot }) {
            replaced(id.slot, now, &actions)
        }
    }

    // MARK: replacements

    /// Starts another worker in the place of the one that serves.
    private mutating func replace(
        _ index: Int, _ now: Instant, _ actions: inout [Action], if isMeant: (Member?) -> Bool
    ) {
        // One that waits for its next try comes when that is due.
        guard !isStopping, isMeant(slots[index].serving), slots[index].coming == nil, slots[index].startAt == nil
        else { return }
        slots[index].failedReplacements = 0
        start(index, now, &actions)
    }

    /// One that came to take the place of another ended before it was ready. For one that serves it is tried again some
    /// times only: what is wrong with a new version is seldom over in a second, and the old one is well. For one that is
    /// stuck, or was to be started in any case, it counts as an end like all others.
    private mutating func replacementEnded(
        _ id: WorkerID, _ how: String, _ now: Instant, _ actions: inout [Action]
    ) {
        let index = id.slot
        slots[index].failedReplacements += 1
        let isWell = slots[index].serving.map { !$0.isStuck } ?? false
        if !isWell || slots[index].failedReplacements < limits.replacementTries, budget.take(now: now) {
            return startLater(index, slots[index].failedReplacements, now, &actions)
        }
        guard isWell else { return giveUp(.tooManyRestarts(limits.restarts, last: id, how), now, &actions) }
        // Those that were to be replaced after it stay as well.
        replacing = []
        if let old = slots[index].serving?.id { actions.append(.keepOld(old, how)) }
    }

    private mutating func replaceNext(_ now: Instant, _ actions: inout [Action]) {
        while let index = replacing.first {
            // One that is just being started is new already, and one that is gone is started in any case.
            if let serving = slots[index].serving, serving.isReady {
                replace(index, now, &actions) { _ in true }
                return
            }
            replacing.removeFirst()
        }
    }

    /// The old worker of a slot is gone: on to the next slot.
    private mutating func replaced(_ index: Int, _ now: Instant, _ actions: inout [Action]) {
        guard replacing.first == index else { return }
        replacing.removeFirst()
        replaceNext(now, &actions)
    }

    // MARK: ends

    private mutating func retire(_ member: Member, _ now: Instant, _ actions: inout [Action]) {
        var member = member
        member.deadline = now + limits.stopTimeout
        retiring.append(member)
        actions.append(.drain(member.id))
    }

    private mutating func stopping(_ id: WorkerID, _ now: Instant, _ actions: inout [Action]) {
        guard let member = slots[id.slot].serving, member.id == id else { return }
        retire(member, now, &actions)
        replaceLost(member, "ended of its own accord", now, &actions)
    }

    private mutating func ended(_ id: WorkerID, _ how: String, _ now: Instant, _ actions: inout [Action]) {
        if let index = retiring.firstIndex(where: { $0.id == id }) {
            retiring.remove(at: index)
            if !retiring.contains(where: { $0.id.slot == id.slot }) { replaced(id.slot, now, &actions) }
            return
        }
        if slots[id.slot].coming?.id == id {
            slots[id.slot].coming = nil
            return replacementEnded(id, how, now, &actions)
        }
        guard let member = slots[id.slot].serving, member.id == id else { return }
        replaceLost(member, how, now, &actions)
    }

    /// The worker that served a slot serves it no more, and nobody has asked for that.
    private mutating func replaceLost(
        _ member: Member, _ how: String, _ now: Instant, _ actions: inout [Action]
    ) {
        let (id, index) = (member.id, member.id.slot)
        slots[index].serving = slots[index].coming
        slots[index].coming = nil
        guard !isStopping else { return }
        guard hasServed else { return giveUp(.cannotStart(id, how), now, &actions) }
        guard budget.take(now: now) else {
            return giveUp(.tooManyRestarts(limits.restarts, last: id, how), now, &actions)
        }
        // Its successor was under way already.
        guard slots[index].serving == nil else { return }
        let isShort = !member.isReady || now - member.since < limits.shortLife
        slots[index].shortLives = isShort ? slots[index].shortLives + 1 : 0
        startLater(index, slots[index].shortLives, now, &actions)
    }

    /// At once after the first short life.
    private mutating func startLater(
        _ index: Int, _ shortLives: Int, _ now: Instant, _ actions: inout [Action]
    ) {
        let delay = limits.delay(afterShortLives: shortLives)
        if delay == .zero { start(index, now, &actions) } else { slots[index].startAt = now + delay }
    }

    private mutating func stop(_ now: Instant, _ actions: inout [Action]) {
        guard !isStopping else { return }
        isStopping = true
        replacing = []
        for index in slots.indices {
            slots[index].startAt = nil
            for member in [slots[index].serving, slots[index].coming].compactMap({ $0 }) {
                retire(member, now, &actions)
            }
            slots[index].serving = nil
            slots[index].coming = nil
        }
    }

    private mutating func giveUp(_ error: WorkersError, _ now: Instant, _ actions: inout [Action]) {
        failure = error
        stop(now, &actions)
    }

    // MARK: time

    private mutating func passTime(_ now: Instant, _ actions: inout [Action]) {
        for index in slots.indices {
            if let at = slots[index].startAt, at <= now { start(index, now, &actions) }
            if Self.isLate(&slots[index].serving, now), let id = slots[index].serving?.id { actions.append(.kill(id)) }
            if Self.isLate(&slots[index].coming, now), let id = slots[index].coming?.id { actions.append(.kill(id)) }
        }
        for index in retiring.indices where retiring[index].deadline.map({ $0 <= now }) == true {
            retiring[index].deadline = nil
            actions.append(.kill(retiring[index].id))
        }
    }

    /// Whether its time is over, which is said once.
    private static func isLate(_ member: inout Member?, _ now: Instant) -> Bool {
        guard let deadline = member?.deadline, deadline <= now else { return false }
        member?.deadline = nil
        return true
    }

    private mutating func finishIfDone(_ actions: inout [Action]) {
        guard isStopping, retiring.isEmpty, !isFinished else { return }
        isFinished = true
        actions.append(.finish(failure))
    }
}
