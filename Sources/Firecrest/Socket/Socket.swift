// Firecrest — the protocol that users' sockets conform to.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// One kind of client connection: who may connect, and which channels it may join.
///
/// ```swift
/// struct UserSocket: Socket {
///     static let channels = Channels {
///         channel("room:*", RoomChannel.self)
///     }
/// }
/// ```
public protocol Socket: SendableMetatype {
    /// The routes from topics to channels, first match first. Checked when the endpoint is made.
    static var channels: Channels { get }

    /// Decides whether a client may connect, and what its channels know about it. The default takes everybody.
    ///
    /// - Throws: `ConnectError.refused` answers 403. Any other error is logged and answers 500.
    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns
}

extension Socket {
    public static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns { Assigns() }
}

/// A client that may not connect.
public enum ConnectError: Error, Sendable, Hashable {
    /// 403 with an empty body, as Phoenix. The reason is logged, not sent.
    case refused(reason: String = "")
}

/// What is known about a client besides its parameters.
public struct ConnectInfo: Sendable {
    /// `websocket`, or the name of whatever carries this socket.
    public let transport: String
    /// The address of the peer, as the socket reports it; nil for a Unix socket.
    public let remoteAddress: String?
    /// The client's bearer token, when the mount takes one (`authToken`) and the client sent exactly one.
    public let authToken: String?

    package init(transport: String, remoteAddress: String? = nil, authToken: String? = nil) {
        self.transport = transport
        self.remoteAddress = remoteAddress
        self.authToken = authToken
    }
}
