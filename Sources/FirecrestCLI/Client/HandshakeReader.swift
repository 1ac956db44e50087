// Firecrest — a server's answer to the opening request, in whatever pieces it comes.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import NIOHTTP1

/// Collects the answer's head, and of a refusal the beginning of its body, and judges it.
struct HandshakeReader {
    struct Answer {
        var head: ByteBuffer
        /// What came behind the head: frames, or a refusal's body.
        var rest: ByteBuffer
        /// What was agreed about compression, or why the connection is not open.
        var outcome: Result<DeflateAgreement?, ConsoleError>
    }

    /// Bytes of a refusal's body that are waited for.
    private static let maxBodyBytes = 4_096

    let handshake: ClientHandshake
    private var received = ByteBuffer()

    init(_ handshake: ClientHandshake) {
        self.handshake = handshake
    }

    /// `nil` while more must come.
    mutating func read(_ bytes: ByteBuffer) throws(ConsoleError) -> Answer? {
        if received.readableBytes == 0 { received = bytes } else { received.writeImmutableBuffer(bytes) }
        guard let length = HTTPHead.length(in: received) else {
            if received.readableBytes > HTTPHead.maxBytes {
                throw ConsoleError("the server's answer is no HTTP head of at most \(HTTPHead.maxBytes) bytes.")
            }
            return nil
        }
        let head: HTTPHead
        do throws(HTTPHead.Failure) {
            head = try HTTPHead(received, source: .server)
        } catch {
            throw ConsoleError("the server's answer cannot be read. \(error.sentence)")
        }
        // A refusal's body may say why: wait for it, within reason.
        let declared = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let wanted = max(min(declared, Self.maxBodyBytes), 0)
        if head.status != 101, received.readableBytes < length + wanted { return nil }
        var rest = received
        let bytes = rest.readSlice(length: length) ?? ByteBuffer()
        return Answer(head: bytes, rest: rest, outcome: judge(head, rest))
    }

    /// Why there is no connection when the server ended it here.
    func ended() -> ConsoleError {
        if let head = try? HTTPHead(received, source: .server) {
            // A body that ends with the connection.
            var rest = received
            rest.moveReaderIndex(forwardBy: min(head.length, rest.readableBytes))
            if case .failure(let error) = judge(head, rest) { return error }
        }
        return ConsoleError("the server closed the connection without an answer.")
    }

    private func judge(_ head: HTTPHead, _ rest: ByteBuffer) -> Result<DeflateAgreement?, ConsoleError> {
        do throws(ConsoleError) {
            return .success(try handshake.confirm(head))
        } catch {
            guard head.status != 101, rest.readableBytes > 0 else { return .failure(error) }
            return .failure(ConsoleError("\(error) It says: \(Preview.text(rest, limit: 400))"))
        }
    }
}
