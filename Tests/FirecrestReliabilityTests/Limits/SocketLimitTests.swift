// Firecrest — the limit on what the kernel keeps for a client that does not read.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

#if os(Linux)
@Suite struct SocketLimitTests {
    @Test func limit_maxUnsentBytes() async throws {
        let accepted = NIOLockedValueBox<NIOBSDSocket.Handle?>(nil)
        var options = EndpointOptions.test
        options.prelude = { channel in
            let handle = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable {
                (handle: NIOBSDSocket.Handle) in handle
            }
            accepted.withLockedValue { $0 = handle }
        }
        var websocket = WebSocketOptions()
        websocket.maxOutboundBytes = 64 << 20
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
            client.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest()))
            client.sendWithoutWaiting(RawFrame(#"["1","1","room:1","phx_join",{}]"#).bytes)
            let text = String(repeating: "x", count: 20_000)
            for number in 0..<200 {
                client.sendWithoutWaiting(RawFrame(#"["1","\#(number)","room:1","echo",{"text":"\#(text)"}]"#).bytes)
            }
            try await server.waitForStatistics("four megabytes are on their way", timeout: .seconds(20)) {
                $0.bytesSent > 4_000_000
            }
            let handle = try #require(accepted.withLockedValue { $0 })
            var unsent: CInt = 0
            try #require(ioctl(handle, Self.siocoutqnsd, &unsent) == 0)
            // The kernel looks before it takes the next piece, of at most 64 KiB.
            #expect(unsent > 0 && Int(unsent) <= Listener.maxUnsentBytes + 65_536)
        }
    }

    /// SIOCOUTQNSD: bytes in the send queue that have not been sent. In no header that is a module.
    private static let siocoutqnsd: UInt = 0x894B
}
#endif
