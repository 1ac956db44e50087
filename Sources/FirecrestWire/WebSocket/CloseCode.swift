// Firecrest — the number a close frame carries.
// SPDX-License-Identifier: Apache-2.0

/// The status code of a close frame (RFC 6455 §7.4).
///
/// phoenix.js does not reconnect after `normal`; a server that wants its clients back sends another code.
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose is fulfilled. phoenix.js stays away after it.
    public static let normal = CloseCode(rawValue: 1000)
    /// 1001: the server ends this connection (disconnected, idle).
    public static let goingAway = CloseCode(rawValue: 1001)
    /// 1002: the peer broke RFC 6455.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// 1003: a kind of data this endpoint does not take.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// 1007: text that is not UTF-8, or compressed data that does not inflate.
    public static let invalidPayload = CloseCode(rawValue: 1007)
    /// 1008: a rate or policy limit was passed.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// 1009: a frame or message over its limit.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// 1011: the server failed, or the frame is no Phoenix message.
    public static let internalError = CloseCode(rawValue: 1011)
    /// 1012: draining for a restart; come back.
    public static let serviceRestart = CloseCode(rawValue: 1012)
    /// 1013: overload or a slow consumer; try later.
    public static let tryAgainLater = CloseCode(rawValue: 1013)

    /// Whether a peer may put `code` into a close frame.
    ///
    /// 1004 is undefined; 1005, 1006 and 1015 are for reporting only and never sent (RFC 6455 §7.4.1); 1012-1014 come
    /// from the IANA registry; 3000-4999 are for libraries and applications (§7.4.2).
    public static func isAllowedOnWire(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
