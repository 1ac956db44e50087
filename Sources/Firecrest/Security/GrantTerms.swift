// Firecrest — a grant as its connection asks it: with deadlines in place of dates.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FoundationEssentials
internal import NIOCore

/// Why something is not allowed.
enum GrantLapse {
    /// It was, until its time was over.
    case expired
    case unauthorized

    var response: Payload {
        switch self {
        case .expired: .reason("token_expired")
        case .unauthorized: .reason("unauthorized")
        }
    }
}

/// A `SocketGrant` whose dates were read against the clock once. A clock that is set later changes nothing.
struct GrantTerms {
    private struct Term {
        let pattern: TopicPattern
        let events: [String]?
        let end: NIODeadline?
    }

    enum Access: Equatable {
        /// - Parameter isRestricted: whether some events are not.
        case granted(isRestricted: Bool)
        case refused(GrantLapse)
    }

    /// When all of it ends; nil: never.
    let end: NIODeadline?
    /// nil: all topics.
    private let terms: [Term]?

    /// - Parameter leeway: how much longer everything holds.
    init(_ grant: SocketGrant, leeway: Duration, now: NIODeadline, date: Date = Date()) {
        let deadline = { (expiry: Date?) in
            expiry.flatMap { Self.deadline($0.timeIntervalSince(date) + leeway / .seconds(1), now) }
        }
        end = deadline(grant.expiresAt)
        terms = grant.topics.map { topics in
            topics.map { Term(pattern: $0.pattern, events: $0.events, end: deadline($0.expiresAt)) }
        }
    }

    /// nil: further away than a process lives. What is no number is over.
    private static func deadline(_ seconds: Double, _ now: NIODeadline) -> NIODeadline? {
        guard seconds < 1_000_000_000 else { return seconds.isNaN ? now : nil }
        return seconds > 0 ? now + .nanoseconds(Int64(seconds * 1_000_000_000)) : now
    }

    func hasEnded(_ now: NIODeadline) -> Bool { end.map { $0 <= now } ?? false }

    /// When something ends next; nil: nothing does.
    func nextEnd(after now: NIODeadline) -> NIODeadline? {
        let ends = (terms ?? []).lazy.compactMap(\.end).filter { $0 > now }
        return [end, ends.min()].compactMap(\.self).min()
    }

    func access(to topic: String, _ now: NIODeadline) -> Access {
        guard !hasEnded(now) else { return .refused(.expired) }
        guard let terms else { return .granted(isRestricted: false) }
        var isKnown = false
        var isGranted = false
        for term in terms where term.pattern.matches(topic) {
            isKnown = true
            guard term.end.map({ $0 > now }) ?? true else { continue }
            if term.events == nil { return .granted(isRestricted: false) }
            isGranted = true
        }
        return isGranted ? .granted(isRestricted: true) : .refused(isKnown ? .expired : .unauthorized)
    }

    /// Asked of restricted topics only.
    func allows(_ event: String, on topic: String, _ now: NIODeadline) -> Bool {
        terms?.contains { term in
            (term.end.map { $0 > now } ?? true) && term.pattern.matches(topic)
                && (term.events?.contains { $0.utf8.elementsEqual(event.utf8) } ?? true)
        } ?? true
    }
}
