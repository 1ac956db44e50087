// Firecrest — what all sockets of one mount share.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FirecrestPubSub
internal import Logging

/// Made once per mount when the endpoint is made; immutable.
final class SocketDefinition: Sendable {
    let routes: [CompiledRoute]
    let serializers: SerializerChoice
    let options: SocketOptions
    let pubSub: PubSub
    let logger: Logger
    private let behavior: SocketBehavior
    private let maxTopicBytes: Int

    init(
        routes: [CompiledRoute], serializers: SerializerChoice, options: SocketOptions, pubSub: PubSub, logger: Logger,
        behavior: SocketBehavior, maxTopicBytes: Int
    ) {
        self.routes = routes
        self.serializers = serializers
        self.options = options
        self.pubSub = pubSub
        self.logger = logger
        self.behavior = behavior
        self.maxTopicBytes = maxTopicBytes
    }

    /// Asks the user's `connect`, then `id`.
    func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> SocketIdentity {
        let assigns = try await behavior.connect(params, info)
        let id = behavior.id(assigns)
        if let id, id.isEmpty || id.utf8.count > maxTopicBytes {
            logger.warning(
                "A socket's id must have 1 to \(maxTopicBytes) bytes; the client is refused.",
                metadata: ["socket": "\(behavior.name)", "bytes": "\(id.utf8.count)"])
            throw ConnectError.refused
        }
        return SocketIdentity(assigns: assigns, id: id)
    }

    /// Topics of our own; no client may join them.
    private static let reservedPrefixes = ["phx:", "phx_presence:", "__"]

    func route(for topic: String) -> CompiledRoute? {
        guard !Self.reservedPrefixes.contains(where: { topic.utf8.starts(with: $0.utf8) }) else { return nil }
        return routes.first { $0.pattern.matches(topic) }
    }
}
