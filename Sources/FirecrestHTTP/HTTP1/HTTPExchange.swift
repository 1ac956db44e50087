// Firecrest — one request of a mount and the answer to it.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore
package import NIOHTTP1

/// One request, until its answer has reached the client as far as the connection can know.
///
/// Isolation: belongs to its connection's loop; not `Sendable`.
package final class HTTPExchange {
    private enum State {
        /// No answer yet.
        case open
        /// The answer is written; nothing has shown yet whether it arrived.
        case answered(at: NIODeadline)
        /// The client asked for something else on the same connection, so it had the answer. Or the connection is gone.
        case settled(received: Bool)
    }

    package let request: MountRequest
    /// Called once when the client goes away before it is answered.
    package var onGone: (() -> Void)?
    private weak var connection: ConnectionHandler?
    private var state = State.open

    init(_ request: MountRequest, on connection: ConnectionHandler) {
        self.request = request
        self.connection = connection
    }

    /// Whether there is still somebody to answer.
    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    // MARK: the answer, one of these, once; a second one is ignored

    /// Sends a whole response. `content-length`, `date` and `connection` are added.
    package func respond(_ status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer) {
        guard isOpen, let connection else { return }
        answered()
        connection.answer(status, headers: headers, body: body)
    }

    package func refuse(_ refusal: HTTPRefusal) {
        guard isOpen, let connection else { return }
        answered()
        connection.refuse(refusal)
    }

    /// Answers 200 with a body that ends with the connection, and hands the connection over to `session`.
    package func stream(headers: HTTPHeaders, parameters: StreamParameters, session: any StreamSession) {
        guard isOpen, let connection else { return }
        answered()
        settle(received: true)
        connection.becomeStream(headers: headers, parameters: parameters, session: session)
    }

    private func answered() {
        state = .answered(at: .now())
        onGone = nil
    }

    // MARK: afterwards

    /// An answer that the client's machine has not acknowledged for so long is taken for lost. Longer than any delayed
    /// acknowledgement (RFC 9293 §3.8.6.3: 500 ms).
    private static let acknowledgementTime = TimeAmount.seconds(1)

    /// Whether the answer reached the client, as far as is known now. Behind a proxy this speaks of the proxy.
    package var wasReceived: Bool {
        switch state {
        case .open: return false
        case .settled(let received): return received
        case .answered(let time):
            guard let acknowledged = connection?.transmission else { return true }
            return switch acknowledged {
            case .complete: true
            case .underWay: .now() - time < Self.acknowledgementTime
            case .broken: request.isProxied
            }
        }
    }

    /// The same of a connection that has been reset. A client resets one with an answer that it has not read. A proxy does it
    /// with one that it has read and does not need any more (haproxy, beyond its pool of idle connections), and whether the
    /// answer went on from there nobody can tell: sent again, most would arrive twice.
    var wasReceivedBeforeReset: Bool {
        if case .answered = state { request.isProxied } else { false }
    }

    /// The connection has another request, or has ended.
    func settle(received: Bool) {
        switch state {
        case .settled: return
        case .open:
            state = .settled(received: false)
            let gone = onGone
            onGone = nil
            gone?()
        case .answered: state = .settled(received: received)
        }
        connection = nil
    }
}
