// Firecrest — the bytes of one WebSocket, and what they mean.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore
import NIOHTTP1

/// Keeps the beginning of a conversation: both heads, and the pieces that follow.
struct RecordedConversation: Sendable {
    /// Bytes that are kept of a conversation, at most.
    static let maxBytes = 65_536
    /// Frames of it that are shown, at most.
    static let maxFrames = 16

    struct Piece: Sendable {
        var time: NIODeadline
        var source: Source
        var bytes: ByteBuffer
    }

    private(set) var pieces: [Piece] = []
    private var bytes = 0

    mutating func record(_ bytes: ByteBuffer, from source: Source, at time: NIODeadline = .now()) {
        guard pieces.count < 2 * Self.maxFrames, self.bytes + bytes.readableBytes <= Self.maxBytes else { return }
        self.bytes += bytes.readableBytes
        // What was read is a slice of a buffer that may be larger.
        pieces.append(Piece(time: time, source: source, bytes: ByteBuffer(bytes: bytes.readableBytesView)))
    }

    /// What the page is told: the handshake, then the frames, by the decoder of `firecrest inspect`; `nil` while the
    /// handshake is not whole.
    func report(run: Int) -> JSON? {
        guard let request = pieces.first(where: { $0.source == .client }),
            let response = pieces.first(where: { $0.source == .server }),
            let requestHead = try? HTTPHead(request.bytes, source: .client),
            let responseHead = try? HTTPHead(response.bytes, source: .server),
            let key = requestHead.headers.first(name: "sec-websocket-key")
        else { return nil }
        let digest = WebSocketHandshake.digest(forKey: key)
        return [
            "run": .integer(Int64(run)), "request": .string(String(buffer: request.bytes)),
            "response": .string(String(buffer: response.bytes)), "key": .string(key),
            "guid": .string(WebSocketHandshake.guid),
            "sha1_hex": .string(Preview.hex(ByteBuffer(bytes: digest), limit: digest.count)),
            "accept": .string(WebSocketHandshake.accept(forKey: key)),
            "accept_received": responseHead.headers.first(name: "sec-websocket-accept").map { .string($0) } ?? nil,
            "findings": .array(findings),
        ]
    }

    private var findings: [JSON] {
        let report = JSONReport()
        var heads = HeadReader()
        var offsets: [Source: Int] = [:]
        var inspectors: [Source: StreamInspector] = [:]
        var findings: [JSON] = []
        var frames = 0
        for piece in pieces {
            let microseconds = JSON.integer((piece.time - (pieces.first?.time ?? piece.time)).nanoseconds / 1_000)
            guard let offset = offsets[piece.source] else {
                offsets[piece.source] = piece.bytes.readableBytes
                let head = heads.read(piece.bytes, source: piece.source, offset: 0)
                findings.append(["t_us": microseconds, "finding": report.object(.head(head))])
                continue
            }
            var inspector =
                inspectors.removeValue(forKey: piece.source)
                ?? StreamInspector(
                    source: piece.source, context: heads.context, settings: InspectSettings(), offset: offset)
            inspector.append(piece.bytes)
            while frames < Self.maxFrames, let frame = inspector.next() {
                frames += 1
                findings.append([
                    "t_us": microseconds, "finding": report.object(.frame(frame)),
                    "bits": .array(FrameBitFields(frame).fields.map(\.json)),
                ])
            }
            inspectors[piece.source] = inspector
        }
        return findings
    }
}

/// Isolation: not Sendable; belongs to its way's client loop.
final class ConversationRecorder {
    private(set) var conversation = RecordedConversation()

    func record(_ bytes: ByteBuffer, from source: Source) {
        conversation.record(bytes, from: source)
    }
}

@available(*, unavailable)
extension ConversationRecorder: Sendable {}
