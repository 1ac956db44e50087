// Firecrest — a user's socket type without its type.
// SPDX-License-Identifier: Apache-2.0

internal import Logging

/// What a `Socket` type does, as values.
struct SocketBehavior: Sendable {
    /// The type's name, for logs and metrics.
    let name: String
    let log: Logger.Level?
    let connect: @Sendable (ConnectParams, ConnectInfo) async throws -> Assigns
    let id: @Sendable (Assigns) -> String?
    let grant: @Sendable (Assigns) -> SocketGrant?
    let refresh: @Sendable (String, Assigns) async throws -> Assigns

    init<S: Socket>(_ type: S.Type) {
        name = "\(type)"
        log = S.log
        connect = { try await S.connect($0, $1) }
        id = { S.id($0) }
        grant = { S.grant($0) }
        refresh = { try await S.refresh($0, $1) }
    }
}
