// Firecrest — frames that a client sends by POST, one request at a time.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// As phoenix.js: while a request is out, further frames wait and then go together, 100 at most.
///
/// Isolation: not Sendable; belongs to its way's client loop.
final class PostQueue {
    private static let maxLines = 100

    private let environment: ClientEnvironment
    /// Makes a request of a body.
    private let request: (ByteBuffer) -> (head: Int, request: ByteBuffer)
    private let failed: (String) -> Void
    private var connection: HTTPConnection?
    private var waiting: [ByteBuffer] = []
    private var body = ByteBuffer()
    private var status = 0

    init(
        _ environment: ClientEnvironment, request: @escaping (ByteBuffer) -> (head: Int, request: ByteBuffer),
        failed: @escaping (String) -> Void
    ) {
        self.environment = environment
        self.request = request
        self.failed = failed
    }

    func send(_ frame: ByteBuffer) {
        waiting.append(frame)
        flush()
    }

    func close() {
        waiting = []
        connection?.close()
        connection = nil
    }

    private func flush() {
        guard !waiting.isEmpty, connection?.isBusy != true else { return }
        var lines = ByteBuffer()
        for (index, frame) in waiting.prefix(Self.maxLines).enumerated() {
            if index > 0 { lines.writeInteger(UInt8(ascii: "\n")) }
            lines.writeImmutableBuffer(frame)
        }
        waiting.removeFirst(min(waiting.count, Self.maxLines))
        if connection?.isSpent != false {
            connection = HTTPConnection(environment) { [weak self] in self?.take($0) }
        }
        let (head, bytes) = request(lines)
        body = ByteBuffer()
        connection?.send(bytes, headBytes: head)
    }

    private func take(_ event: HTTPConnection.Event) {
        switch event {
        case .head(let head): status = head.status
        case .body(let bytes): body.writeImmutableBuffer(bytes)
        case .end:
            // The outcome is in the body (phoenix-channels.md §5).
            let answer = try? JSON(parsing: body)["status"]?.intValue
            guard status == 200, answer == 200 else {
                failed("a POST was answered \(status), with status \(answer.map { "\($0)" } ?? "none") in its body")
                return
            }
            flush()
        case .failed(let reason): failed(reason)
        }
    }
}

@available(*, unavailable)
extension PostQueue: Sendable {}
