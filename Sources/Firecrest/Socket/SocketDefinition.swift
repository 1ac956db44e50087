// Firecrest — what all sockets of one mount share.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging

/// Made once per mount when the endpoint is made; immutable.
final class SocketDefinition: Sendable {
    let routes: [CompiledRoute]
    let options: SocketOptions
    let pubSub: PubSub
    let logger: Logger
    let connect: @Sendable (ConnectParams, ConnectInfo) async throws -> Assigns

    init(
        routes: [CompiledRoute], options: SocketOptions, pubSub: PubSub, logger: Logger,
        connect: @escaping @Sendable (ConnectParams, ConnectInfo) async throws -> Assigns
    ) {
        self.routes = routes
        self.options = options
        self.pubSub = pubSub
        self.logger = logger
        self.connect = connect
    }

    /// Topics of our own; no client may join them.
    private static let reservedPrefixes = ["phx:", "phx_presence:", "__"]

    func route(for topic: String) -> CompiledRoute? {
        guard !Self.reservedPrefixes.contains(where: { topic.utf8.starts(with: $0.utf8) }) else { return nil }
        return routes.first { $0.pattern.matches(topic) }
    }
}
