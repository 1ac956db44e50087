// Firecrest — which end of the connection we are.
// SPDX-License-Identifier: Apache-2.0

/// Our end of the connection. It decides who masks: clients always, servers never (RFC 6455 §5.1).
package enum WebSocketRole: Sendable {
    /// We accept; frames we receive must be masked.
    case server
    /// We connect; frames we receive must not be masked.
    case client
}
