// Firecrest — what connect is told about a client besides its parameters.
// SPDX-License-Identifier: Apache-2.0

/// What is known about a client besides its parameters. Most of it is there only when the mount asks for it
/// (`WebSocketOptions.connectInfo`), and none of it is kept once `connect` has returned.
///
/// Cookies and other headers are not reachable, on purpose: every page of the web can make a browser send them along
/// (cross-site WebSocket hijacking).
public struct ConnectInfo: Sendable {
    /// `websocket`, or the name of whatever carries this socket.
    public var transport: String
    /// The address of the peer, as the socket reports it; nil for a Unix socket.
    public var remoteAddress: String?
    /// The client's bearer token, when the mount takes one (`authToken`) and the client sent exactly one.
    public var authToken: String?
    /// Asked for with `.peerData`.
    public var peerData: PeerData?
    /// The headers `traceparent` and `tracestate` (W3C Trace Context), asked for with `.traceContextHeaders`.
    public var traceContextHeaders: [(name: String, value: String)] = []
    /// All headers whose names begin with `x-`, asked for with `.xHeaders`. Names are in lower case; order and duplicates
    /// are kept.
    public var xHeaders: [(name: String, value: String)] = []
    /// All headers whose names begin with `sec-websocket-`, asked for with `.secWebSocketHeaders`; as `xHeaders`. A
    /// bearer token is not among them.
    public var secWebSocketHeaders: [(name: String, value: String)] = []
    /// Asked for with `.uri`.
    public var uri: RequestURI?
    /// Asked for with `.userAgent`; nil, too, when the client sent none.
    public var userAgent: String?
    /// Asked for with `.session(…)`: what the client's session holds; nil when it has none, or none that can be believed.
    public var session: Session?
    private var custom: [String: any Sendable]?

    /// For the tests of a `connect`.
    public init(transport: String, remoteAddress: String? = nil, authToken: String? = nil) {
        self.transport = transport
        self.remoteAddress = remoteAddress
        self.authToken = authToken
    }

    /// A value that the mount adds with `.custom(name, value)`; nil when it adds none of that name.
    public subscript(name: String) -> (any Sendable)? {
        get { custom?[name] }
        set { custom = (custom ?? [:]).merging([name: newValue].compactMapValues(\.self)) { _, new in new } }
    }
}
