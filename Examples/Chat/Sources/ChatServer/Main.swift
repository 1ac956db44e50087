// Firecrest — the example's server.
// SPDX-License-Identifier: Apache-2.0

import Chat
import Firecrest
import ServiceLifecycle
import UnixSignals

@main
struct ChatServer {
    static func main() async throws {
        let endpoint = try Endpoint {
            socket("/socket", ChatSocket.self)
        }
        let group = ServiceGroup(
            services: [endpoint], gracefulShutdownSignals: [.sigterm, .sigint], logger: endpoint.options.logger)
        try await group.run()
    }
}
