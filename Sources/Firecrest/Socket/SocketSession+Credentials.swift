// Firecrest — one client's socket: what its grant allows, and the fresh tokens that it presents.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol
internal import FirecrestWire
internal import Logging
internal import NIOCore

extension SocketSession {
    /// The event on the topic `phoenix` that brings a fresh token.
    static let accessTokenEvent = "access_token"

    private struct AccessToken: Decodable {
        let accessToken: String

        enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
        }
    }

    // MARK: what is allowed

    /// Looks again at everything that has been joined: some time is over, or a fresh token names other topics.
    func grantChanged() {
        guard let credentials else { return }
        guard credentials.terms?.hasEnded(loop.context.timers.now) != true else {
            loop.context.statistics.socketsExpired += 1
            return close(.policyViolation, reason: "token_expired")
        }
        credentials.arm()
        for cell in channels.all {
            switch credentials.access(to: cell.topic) {
            case .granted(let isRestricted): cell.isRestricted = isRestricted
            case .refused(let lapse):
                loop.context.statistics.channelsRevoked += 1
                cell.revoke(lapse)
            }
        }
    }

    // MARK: fresh tokens

    /// A client presents a fresh token.
    func refresh(_ message: Message) {
        let credentials = madeCredentials()
        if let wait = credentials.waitForRefresh() {
            loop.context.statistics.refreshesRefused += 1
            return refuseForRate(message, retryAfter: wait)
        }
        guard !credentials.isRefreshing else {
            return refuseRefresh(message, "another token is being looked at")
        }
        guard let token = try? message.payload.decode(AccessToken.self).accessToken, !token.isEmpty,
            token.utf8.count <= Credentials.maxTokenBytes
        else { return refuseRefresh(message, "no token") }
        let (ref, joinRef) = (message.ref, message.joinRef)
        let identity = SocketIdentity(assigns: assigns, id: id, trace: trace)
        let limit = definition.options.refreshTimeout.map { TimeAmount($0) }
        let transport = transport?.name ?? "closed"
        credentials.refreshBegins()
        let cancel = ConnectAttempt.start(
            on: loop.context, (definition.name, "refresh"), limit: limit,
            { [definition] in try await definition.refresh(token, identity, transport: transport) },
            onEnd: { [weak self] in self?.refreshed($0, joinRef: joinRef, ref: ref) })
        credentials.refreshGoesOn(cancel)
    }

    private func refreshed(_ result: Result<SocketIdentity, any Error>, joinRef: Ref, ref: Ref) {
        guard let credentials else { return }
        credentials.refreshEnded()
        switch result {
        case .success(let identity):
            loop.context.statistics.tokensRefreshed += 1
            admit(identity)
            reply(joinRef: joinRef, ref: ref, topic: Self.phoenix, status: "ok", payload: expiresIn(identity.grant))
            grantChanged()
        case .failure(let error):
            loop.context.statistics.refreshesRefused += 1
            let response = try? Payload(["reason": .string(explanation(of: error))] as JSON)
            reply(
                joinRef: joinRef, ref: ref, topic: Self.phoenix, status: "error",
                payload: response ?? .reason("refresh failed"))
        }
    }

    /// What a client is told of a token that was not taken.
    private func explanation(of error: any Error) -> String {
        switch error {
        case let error as ConnectError:
            let reason = error.reason.map { "\($0)" } ?? "unauthorized"
            loop.context.log(
                .refreshRefused, .info, to: definition.logger, "A client's fresh token was refused.",
                metadata: ["reason": "\(error.loggedReason ?? reason)"])
            return reason
        case is ConnectAttempt.Timeout:
            loop.context.log(
                .refreshFailed, .error, to: definition.logger, "refresh took too long and was cancelled.",
                metadata: ["limit": "\(definition.options.refreshTimeout.map { "\($0)" } ?? "none")"])
            return "refresh took too long"
        default:
            loop.context.log(
                .refreshFailed, .error, to: definition.logger, "refresh threw.", metadata: ["error": "\(error)"])
            return "refresh failed"
        }
    }

    /// In seconds, the time until the first part of a grant ends, so that a client knows when to come again. Nothing when
    /// none does.
    private func expiresIn(_ grant: SocketGrant?) -> Payload {
        guard let seconds = grant?.secondsLeft else { return .empty }
        return Payload(kind: .json, bytes: ByteBuffer(string: #"{"expires_in":\#(seconds)}"#))
    }

    private func refuseRefresh(_ message: Message, _ reason: StaticString) {
        loop.context.statistics.refreshesRefused += 1
        reply(
            joinRef: message.joinRef, ref: message.ref, topic: message.topic, status: "error", payload: .reason(reason))
    }

    private static let phoenix = MessageTopic.name(heartbeatTopic)
}
