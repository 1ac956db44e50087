// Firecrest — a server of Hummingbird routes, as the tests of the HTTP side use it.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore

/// A context that lets a route see its connection's channel.
struct TestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any NIOCore.Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Runs a server with the routes that `configure` adds, and the test socket at `/socket`.
func serve(
    options: EndpointOptions = .test, _ configure: (Router<TestContext>) -> Void,
    body: (TestServer) async throws -> Void
) async throws {
    let router = Router(context: TestContext.self)
    router.get("/hello") { _, _ in "hello" }
    configure(router)
    try await TestServer.run(options: options, socket("/socket", RoomSocket.self), routes(router), body: body)
}

/// As above, with `/hello` alone.
func serve(options: EndpointOptions = .test, body: (TestServer) async throws -> Void) async throws {
    try await serve(options: options, { _ in }, body: body)
}

/// A body in chunks, with the last chunk.
func chunked(_ chunks: [ByteBuffer]) -> ByteBuffer {
    var bytes = ByteBuffer()
    for chunk in chunks {
        bytes.writeString(String(chunk.readableBytes, radix: 16) + "\r\n")
        bytes.writeImmutableBuffer(chunk)
        bytes.writeString("\r\n")
    }
    bytes.writeString("0\r\n\r\n")
    return bytes
}
