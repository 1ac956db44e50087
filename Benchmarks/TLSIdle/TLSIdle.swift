// Firecrest — a server behind TLS, for the memory of its idle connections
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Logging
import NIOCore
import NIOSSL

/// `TLSIdle PORT CERTIFICATE KEY` serves `room:*` with one loop until it is ended. `scripts/measure-memory --tls-server`
/// starts it; the endpoint itself has no option for TLS yet.
@main
enum TLSIdle {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let port = Int(arguments[1]) else {
            print("usage: TLSIdle PORT CERTIFICATE KEY")
            return
        }
        let chain = try NIOSSLCertificate.fromPEMFile(arguments[2]).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: arguments[3], format: .pem)
        let tls = try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        var options = EndpointOptions()
        options.listen = [.hostname("127.0.0.1", port: port)]
        options.loops = 1
        options.logger.logLevel = .error
        options.prelude = { channel in
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
        }
        try await Endpoint(options) { socket("/socket", IdleSocket.self) }.run()
    }
}

struct IdleSocket: Socket {
    static var channels: Channels {
        Channels { channel("room:*", IdleChannel.self) }
    }
}

final class IdleChannel: Firecrest.Channel {
    init(topic: Topic) {}

    static var events: [Event<IdleChannel>] {
        on("echo") { _, payload, _ in .ok(payload) }
    }
}
