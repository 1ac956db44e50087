// Firecrest — one life of a supervised child: from its making to the end of its run().
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import ServiceLifecycle

/// How a life ended.
enum ChildExit: Sendable {
    case normal
    case failure(any Error)

    var error: (any Error)? {
        if case .failure(let error) = self { error } else { nil }
    }

    /// Whether a transient child is started again after it.
    var isAbnormal: Bool {
        guard let error else { return false }
        // A supervisor that gives up exits with `shutdown` in OTP.
        return (error as? SupervisorError)?.code != .tooManyRestarts
    }
}

/// What a supervisor waits for. Of each life there are two at most, and one of each timer.
enum SupervisorEvent: Sendable {
    enum Stop {
        case asked, cancelled
    }

    case started(ChildLife.ID, isSupervisor: Bool)
    case ended(ChildLife.ID, ChildExit)
    case timeUp(Int)
    /// A child whose restart failed is due again.
    case retry(child: String)
    case stop(Stop)
}

/// One life. Its task is no child of the supervisor's task, or one that does not return could not be left behind.
struct ChildLife: Sendable {
    typealias ID = Int

    let id: ID
    private let group: ServiceGroup
    private let task: Task<Void, Never>
    var hasStarted = false
    var isSupervisor = false
    /// nil while it lives.
    var exit: ChildExit?

    init(_ id: ID, _ specification: ChildSpecification, _ sink: AsyncStream<SupervisorEvent>.Continuation) {
        self.id = id
        // A group of one, for it is what gives a service a graceful shutdown of its own.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(
                        service: LifeService(id: id, make: specification.make, sink: sink),
                        successTerminationBehavior: .gracefullyShutdownGroup, failureTerminationBehavior: .cancelGroup)
                ],
                logger: Logger(label: "firecrest.supervisor") { _ in SwiftLogNoOpLogHandler() }))
        self.group = group
        // Detached: the supervisor's own graceful shutdown is a task-local value, and must not reach all children at once.
        task = Task.detached {
            do {
                try await group.run()
                sink.yield(.ended(id, .normal))
            } catch {
                sink.yield(.ended(id, .failure(error)))
            }
        }
    }

    func askToStop() async {
        await group.triggerGracefulShutdown()
    }

    func cancel() {
        task.cancel()
    }
}

/// Makes the service, says so, and runs it.
private struct LifeService: Service {
    let id: ChildLife.ID
    let make: @Sendable () async throws -> any Service
    let sink: AsyncStream<SupervisorEvent>.Continuation

    func run() async throws {
        let service = try await make()
        switch service {
        case let supervisor as Supervisor:
            try await supervisor.run { [id, sink] in sink.yield(.started(id, isSupervisor: true)) }
        case let endpoint as Endpoint:
            try await endpoint.run { [id, sink] _ in sink.yield(.started(id, isSupervisor: false)) }
        default:
            sink.yield(.started(id, isSupervisor: false))
            try await service.run()
        }
    }
}
