// Firecrest — many clients at once.
// SPDX-License-Identifier: Apache-2.0

extension TestClient {
    /// Makes `count` clients with `make`, a few at a time, so that it is not the crowd itself that keeps the server busy.
    package static func crowd<Client: Sendable>(
        _ count: Int, _ make: @escaping @Sendable () async throws -> Client
    ) async throws -> [Client] {
        try await withThrowingTaskGroup(of: Client.self) { group in
            var clients: [Client] = []
            clients.reserveCapacity(count)
            var begun = 0
            while clients.count < count {
                while begun < count, begun - clients.count < 8 {
                    group.addTask { try await make() }
                    begun += 1
                }
                if let client = try await group.next() { clients.append(client) }
            }
            return clients
        }
    }
}

extension Sequence where Element: Sendable {
    /// Does the same with each client, one task for each, and waits for all.
    package func forEachAtOnce(_ body: @escaping @Sendable (Element) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in self {
                group.addTask { try await body(client) }
            }
            try await group.waitForAll()
        }
    }
}
