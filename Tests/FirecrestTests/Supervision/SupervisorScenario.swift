// Firecrest — tests: a tree of children and what befalls them, for a supervisor of ours and one of OTP
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

struct SupervisorScenario: Sendable, CustomTestStringConvertible {
    /// A child with children of its own, or a scripted one.
    indirect enum Node: Sendable {
        case worker(
            String, RestartKind = .permanent, shutdown: ShutdownLimit = .seconds(100_000), ignoring: Bool = false)
        case tree(
            String, RestartKind, SupervisionStrategy, [Node],
            intensity: RestartIntensity = RestartIntensity(1, in: .seconds(100_000)))
    }

    enum Event: Sendable {
        case crash(String)
        case exit(String)
        /// The next starts of a child fail.
        case fail(String, Int)
        /// Seconds of OTP's clock, which counts whole ones: never close to a period's end.
        case wait(milliseconds: Int)
    }

    var name: String
    var strategy: SupervisionStrategy
    var intensity = RestartIntensity(9, in: .seconds(100_000))
    var children: [Node]
    var failing: [String: Int] = [:]
    var events: [Event] = []

    var testDescription: String { name }
}

extension SupervisorScenario {
    /// As a term for `supervisor.escript`.
    var term: String {
        let tree = Self.term(.tree("top", .permanent, strategy, children, intensity: intensity))
        let failing = failing.sorted { $0.key < $1.key }.map { "{\($0.key), \($0.value)}" }
        let events = events.map { event in
            switch event {
            case .crash(let id): "{crash, \(id)}"
            case .exit(let id): "{exit, \(id)}"
            case .fail(let id, let count): "{fail, \(id), \(count)}"
            case .wait(let milliseconds): "{wait, \(milliseconds)}"
            }
        }
        return #"{"\#(name)", \#(tree), [\#(failing.joined(separator: ", "))], [\#(events.joined(separator: ", "))]}."#
    }

    private static func term(_ node: Node) -> String {
        switch node {
        case .worker(let id, let restart, let shutdown, let ignoring):
            let limit =
                switch shutdown.kind {
                case .after(let time):
                    "\(time.components.seconds * 1_000 + time.components.attoseconds / 1_000_000_000_000_000)"
                case .atOnce: "brutal_kill"
                case .never: "infinity"
                }
            return "{worker, \(id), \(restart), \(limit), \(ignoring ? "ignoring" : "heeding")}"
        case .tree(let id, let restart, let strategy, let children, let intensity):
            let name =
                switch strategy.kind {
                case .oneForOne: "one_for_one"
                case .oneForAll: "one_for_all"
                case .restForOne: "rest_for_one"
                }
            let list = children.map { term($0) }.joined(separator: ", ")
            let limits = "{\(intensity.maxRestarts), \(intensity.period.components.seconds)}"
            return "{tree, \(id), \(restart), infinity, \(name), \(limits), [\(list)]}"
        }
    }
}

// MARK: the list

extension SupervisorScenario {
    private static let strategies: [SupervisionStrategy] = [.oneForOne, .oneForAll, .restForOne]
    private static let kinds: [RestartKind] = [.permanent, .transient, .temporary]

    static let all: [SupervisorScenario] = everyKindOfEnd + neighbours + intensity + failedStarts + shutdown + nested

    /// Three strategies, three kinds, a crash and a return, of the child in the middle.
    private static var everyKindOfEnd: [SupervisorScenario] {
        strategies.flatMap { strategy in
            kinds.flatMap { kind in
                [("crash", Event.crash("b")), ("exit", Event.exit("b"))].map { name, event in
                    SupervisorScenario(
                        name: "\(strategy) \(kind) \(name)", strategy: strategy,
                        children: [.worker("a"), .worker("b", kind), .worker("c")], events: [event])
                }
            }
        }
    }

    /// What a restart does to children that are gone already, or never come back.
    private static var neighbours: [SupervisorScenario] {
        strategies.flatMap { strategy in
            [
                SupervisorScenario(
                    name: "\(strategy) beside a transient one that has ended", strategy: strategy,
                    children: [.worker("a"), .worker("b", .transient), .worker("c")],
                    events: [.exit("b"), .crash("a"), .crash("b")]),
                SupervisorScenario(
                    name: "\(strategy) beside temporary ones", strategy: strategy,
                    children: [.worker("a", .temporary), .worker("b"), .worker("c", .temporary), .worker("d")],
                    events: [.crash("b"), .crash("d"), .crash("b")]),
                SupervisorScenario(
                    name: "\(strategy) first and last", strategy: strategy,
                    children: [.worker("a"), .worker("b"), .worker("c")],
                    events: [.crash("c"), .exit("a"), .crash("c")]),
                SupervisorScenario(
                    name: "\(strategy) alone", strategy: strategy, children: [.worker("a")], events: [.crash("a")]),
            ]
        }
    }

    private static var intensity: [SupervisorScenario] {
        let byStrategy = strategies.map { strategy in
            SupervisorScenario(
                name: "\(strategy) the third restart of two is giving up", strategy: strategy,
                intensity: RestartIntensity(2, in: .seconds(100_000)),
                children: [.worker("a"), .worker("b"), .worker("c")], events: [.crash("b"), .exit("b"), .crash("b")])
        }
        return byStrategy + [
            SupervisorScenario(
                name: "all children count together", strategy: .oneForOne,
                intensity: RestartIntensity(3, in: .seconds(100_000)),
                children: [.worker("a"), .worker("b"), .worker("c")],
                events: [.crash("a"), .crash("b"), .crash("c"), .exit("a")]),
            SupervisorScenario(
                name: "no restart is allowed", strategy: .oneForOne, intensity: RestartIntensity(0, in: .seconds(1)),
                children: [.worker("a"), .worker("b", .temporary), .worker("c")], events: [.crash("b"), .exit("a")]),
            SupervisorScenario(
                name: "what is not started again does not count", strategy: .oneForAll,
                intensity: RestartIntensity(1, in: .seconds(100_000)),
                children: [.worker("a"), .worker("b", .temporary), .worker("c", .transient)],
                events: [.crash("b"), .exit("c"), .crash("a"), .crash("a")]),
            SupervisorScenario(
                name: "restarts of a period ago are forgotten", strategy: .oneForOne,
                intensity: RestartIntensity(1, in: .seconds(1)), children: [.worker("a"), .worker("b")],
                events: [.crash("a"), .wait(milliseconds: 2_500), .crash("b"), .crash("a")]),
        ]
    }

    private static var failedStarts: [SupervisorScenario] {
        strategies.flatMap { strategy in
            [
                SupervisorScenario(
                    name: "\(strategy) not started at all", strategy: strategy,
                    children: [.worker("a"), .worker("b"), .worker("c", .temporary), .worker("d")], failing: ["c": 1]),
                SupervisorScenario(
                    name: "\(strategy) starts again at the third attempt", strategy: strategy,
                    children: [.worker("a"), .worker("b"), .worker("c")],
                    events: [.fail("b", 2), .crash("b"), .crash("a")]),
                SupervisorScenario(
                    name: "\(strategy) never starts again", strategy: strategy,
                    intensity: RestartIntensity(3, in: .seconds(100_000)),
                    children: [.worker("a"), .worker("b"), .worker("c")], events: [.fail("b", 9), .crash("b")]),
                SupervisorScenario(
                    name: "\(strategy) another one fails to start", strategy: strategy,
                    children: [.worker("a"), .worker("b"), .worker("c")],
                    events: [.fail("c", 1), .crash("a"), .crash("c")]),
            ]
        }
    }

    private static var shutdown: [SupervisorScenario] {
        [
            SupervisorScenario(
                name: "stops in reverse", strategy: .oneForOne,
                children: [.worker("a", .temporary), .worker("b", .transient), .worker("c"), .worker("d")],
                events: [.crash("b")]),
            SupervisorScenario(
                name: "goes on after a child that does not stop", strategy: .oneForOne,
                children: [.worker("a"), .worker("b", shutdown: .milliseconds(50), ignoring: true), .worker("c")]),
            SupervisorScenario(
                name: "a child that does not stop is started again", strategy: .oneForAll,
                children: [.worker("a"), .worker("b", shutdown: .milliseconds(50), ignoring: true), .worker("c")],
                events: [.crash("c"), .crash("b")]),
            SupervisorScenario(
                name: "a child that is not asked", strategy: .restForOne,
                children: [.worker("a"), .worker("b", shutdown: .cancel), .worker("c", shutdown: .infinity)],
                events: [.crash("a")]),
            SupervisorScenario(name: "no children", strategy: .oneForOne, children: []),
        ]
    }

    private static var nested: [SupervisorScenario] {
        let byStrategy = strategies.map { strategy in
            SupervisorScenario(
                name: "\(strategy) of a tree", strategy: strategy,
                children: [
                    .worker("a"), .tree("inner", .permanent, .oneForAll, [.worker("b"), .worker("c")]), .worker("d"),
                ],
                events: [.crash("c"), .crash("b"), .crash("a")])
        }
        let byKind = kinds.map { kind in
            SupervisorScenario(
                name: "a \(kind) supervisor gives up", strategy: .oneForOne,
                children: [
                    .worker("a"), .tree("inner", kind, .oneForOne, [.worker("b"), .worker("c")]), .worker("d"),
                ],
                events: [.crash("b"), .crash("b"), .crash("a")])
        }
        return byStrategy + byKind + [
            SupervisorScenario(
                name: "giving up goes up", strategy: .oneForOne, intensity: RestartIntensity(1, in: .seconds(100_000)),
                children: [.worker("a"), .tree("inner", .permanent, .restForOne, [.worker("b"), .worker("c")])],
                events: [.crash("b"), .crash("c"), .crash("c"), .crash("b")]),
            SupervisorScenario(
                name: "a tree that does not start", strategy: .oneForOne,
                children: [
                    .worker("a"), .tree("inner", .permanent, .oneForOne, [.worker("b"), .worker("c")]), .worker("d"),
                ],
                failing: ["c": 1]),
            SupervisorScenario(
                name: "a tree that does not start again at once", strategy: .restForOne,
                children: [
                    .worker("a"), .tree("inner", .permanent, .oneForOne, [.worker("b"), .worker("c")]), .worker("d"),
                ],
                events: [.fail("c", 2), .crash("a"), .crash("d")]),
            SupervisorScenario(
                name: "three levels", strategy: .oneForAll,
                children: [
                    .worker("a"),
                    .tree(
                        "middle", .permanent, .restForOne,
                        [
                            .worker("b"), .tree("inner", .transient, .oneForOne, [.worker("c", .transient)]),
                            .worker("d"),
                        ]),
                ],
                events: [.exit("c"), .crash("b"), .crash("c"), .crash("a")]),
        ]
    }
}
