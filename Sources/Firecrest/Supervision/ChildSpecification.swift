// Firecrest — how a supervisor starts, stops and starts again one of its children.
// SPDX-License-Identifier: Apache-2.0

public import ServiceLifecycle

/// One child of a `Supervisor`. Made by `child`.
public struct ChildSpecification: Sendable {
    let id: String
    let restart: RestartKind
    /// nil: by what is started.
    let shutdown: ShutdownLimit?
    let make: @Sendable () async throws -> any Service
}

/// A child of a `Supervisor`.
///
/// ```swift
/// child("ticker", restart: .transient, shutdown: .seconds(10)) { Ticker(feed: try await Feed.open()) }
/// ```
///
/// - Parameters:
///   - id: its name in logs and metrics; no two children of a supervisor have the same.
///   - restart: when it is started again. Defaults to `.permanent`, as in OTP.
///   - shutdown: how long it has to stop. nil, the default: 5 s, and for a `Supervisor` without limit, as in OTP.
///   - make: makes a **new** service for each life. It is what `init/1` is in Erlang: the next child waits until it has
///     returned, and when it throws the child could not be started. What a life must not take over from the one before it
///     is made in here. A `Supervisor` counts as started when all its children are, an `Endpoint` when it listens.
public func child<S: Service>(
    _ id: String, restart: RestartKind = .permanent, shutdown: ShutdownLimit? = nil,
    _ make: @escaping @Sendable () async throws -> S
) -> ChildSpecification {
    ChildSpecification(id: id, restart: restart, shutdown: shutdown, make: make)
}

/// Lets the children of a `Supervisor` be a list of `child(…)`.
@resultBuilder
public enum SupervisorBuilder {
    public static func buildExpression(_ child: ChildSpecification) -> [ChildSpecification] { [child] }
    public static func buildBlock(_ children: [ChildSpecification]...) -> [ChildSpecification] {
        children.flatMap(\.self)
    }
    public static func buildOptional(_ children: [ChildSpecification]?) -> [ChildSpecification] { children ?? [] }
    public static func buildEither(first children: [ChildSpecification]) -> [ChildSpecification] { children }
    public static func buildEither(second children: [ChildSpecification]) -> [ChildSpecification] { children }
    public static func buildArray(_ children: [[ChildSpecification]]) -> [ChildSpecification] {
        children.flatMap(\.self)
    }
}
