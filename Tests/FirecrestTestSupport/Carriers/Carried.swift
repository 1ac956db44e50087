// Firecrest — what a client has besides its own connection when it is not a WebSocket.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOPosix

/// A session over HTTP: the client's own connection brings what the server says, a second one takes what the client says.
struct Carried: Sendable {
    let inbox: FrameInbox
    /// Of the session, as the server gave it.
    let token: String
    fileprivate let posting: any Channel
    fileprivate let poster: NIOLoopBound<Poster>

    /// Queues frames, in order. What becomes of them shows in what the client receives.
    func send(_ frames: [RawFrame]) throws {
        for frame in frames where frame.opcode != 1 && frame.opcode != 2 {
            throw TestFailure("over HTTP there are no control frames")
        }
        posting.eventLoop.execute { poster.value.send(frames) }
    }

    func drop() {
        posting.close(promise: nil)
    }
}

extension TestClient {
    /// A client of `wire` on the socket at `mount`, whatever carries it.
    ///
    /// - Parameter query: parameters besides the version, without `?`.
    /// - Throws: `TestFailure` that says what the server answered when it refuses.
    package static func connect(
        _ server: TestServer, _ wire: Wire, mount: String = "/socket", query: String = "",
        headers: [(String, String)] = []
    ) async throws -> TestClient {
        let path = mount + wire.carrier.path
        let query = query.isEmpty ? "vsn=\(wire.version)" : "\(query)&vsn=\(wire.version)"
        let client: TestClient
        if wire.carrier == .webSocket {
            client = try await connect(server, path: "\(path)?\(query)", headers: headers)
        } else {
            // Older clients are those with the older serializer.
            let request = ClientRequest(path: path, query: query, tokenInHeader: wire.form != .v1)
            client = try await open(server, request, wire, headers)
        }
        client.wire = wire
        return client
    }

    private static func open(
        _ server: TestServer, _ request: ClientRequest, _ wire: Wire, _ headers: [(String, String)]
    ) async throws -> TestClient {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: server.port)
        let frames = FrameInbox()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let opened = loop.makePromise(of: String.self)
        let limit = loop.scheduleTask(in: TimeAmount(patience)) {
            opened.fail(TestFailure("no session was opened within \(patience)"))
        }
        defer { limit.cancel() }
        let bytes = ByteInbox()
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let handler: any ChannelHandler =
                            wire.carrier == .longPoll
                            ? PollReader(request, headers, frames, opened: opened)
                            : StreamReader(request, headers, frames, opened: opened)
                        try channel.pipeline.syncOperations.addHandlers([handler, bytes])
                    }
                }
                .connect(to: address).get()
        } catch {
            opened.fail(error)
            throw error
        }
        do {
            let token = try await opened.futureResult.get()
            let (posting, poster) = try await post(to: address, on: loop, request, wire, token, frames)
            let carried = Carried(inbox: frames, token: token, posting: posting, poster: poster)
            let client = TestClient(channel: channel, inbox: bytes, carried: carried)
            server.adopt(client)
            return client
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    /// - Parameter loop: that of the client's other connection, so that clients are spread over the loops evenly.
    private static func post(
        to address: SocketAddress, on loop: any EventLoop, _ request: ClientRequest, _ wire: Wire, _ token: String,
        _ frames: FrameInbox
    ) async throws -> (any Channel, NIOLoopBound<Poster>) {
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Poster(request, hasBatches: wire.form != .v1, token: token, frames))
                }
            }
            .connect(to: address).get()
        let poster = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Poster.self), eventLoop: channel.eventLoop)
        }.get()
        return (channel, poster)
    }
}
