// Firecrest — `/echo`: every text and binary message comes back as it came.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import FirecrestWire
import NIOCore
import NIOHTTP1

/// A WebSocket with no protocol on top, for conformance suites and benchmarks of the frame layer.
struct EchoMount: UpgradeMount {
    private static let parameters: WebSocketParameters = {
        let limit = 16 << 20
        // Autobahn 9.3.1 sends 4 MiB in 65,536 pieces and an empty last one.
        let fragments = 65_537
        var outbound = OutboundLimits()
        outbound.maxBytes = 2 * limit
        return WebSocketParameters(
            frameLimits: FrameLimits(
                maxFrameBytes: limit, maxMessageBytes: limit, maxFragments: fragments, maxInflateRatio: 1_000),
            outbound: outbound)
    }()

    func claims(path: Substring) -> Bool { path == "/echo" }

    func begin(
        _ request: MountRequest, loop: LoopContext, decide: @escaping (UpgradeDecision) -> Void
    ) -> (() -> Void)? {
        var parameters = Self.parameters
        var headers = HTTPHeaders()
        if let agreement = DeflateNegotiation.agree(
            offers: request.head.headers["sec-websocket-extensions"], options: parameters.deflate)
        {
            parameters = parameters.agreeing(to: agreement)
            headers.add(name: "sec-websocket-extensions", value: agreement.headerValue)
        }
        decide(.accept(headers: headers, parameters: parameters, session: EchoSession()))
        return nil
    }
}

final class EchoSession: WebSocketSession {
    private var connection: WebSocketConnection?

    func opened(_ connection: WebSocketConnection) {
        self.connection = connection
    }

    func received(_ payload: ByteBuffer, kind: MessageKind) {
        let opcode: Opcode = kind == .text ? .text : .binary
        guard let connection else { return }
        if let compressed = connection.compressedFrame(payload, opcode: opcode) {
            connection.send(frame: compressed)
        } else {
            connection.send(payload, opcode: opcode)
        }
    }

    func closed(_ end: ConnectionEnd) {
        connection = nil
    }
}
