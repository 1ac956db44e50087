// Firecrest — what can be wrong between a worker and the hub.
// SPDX-License-Identifier: Apache-2.0

/// Why a broadcast could not be handed to the hub, or a link to it was dropped.
public struct HubError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The worker has no link to the hub at the moment: it is tried again by itself.
        case notConnected = "hub_not_connected"
        /// Too much waits to be sent to the hub.
        case queueFull = "hub_queue_full"
        case recordTooLarge = "hub_record_too_large"
        /// Nobody listens at the hub's path, or the other end closed.
        case unreachable = "hub_unreachable"
        /// What came is no hub's, or no worker's.
        case garbage = "hub_garbage"
        /// The other end speaks another version.
        case wrongVersion = "hub_wrong_version"
        case wrongKey = "hub_wrong_key"
        /// The other end is a process of another user.
        case wrongUser = "hub_wrong_user"
        case frameTooLarge = "hub_frame_too_large"
        /// A frame where it may not be, of a kind there is none of, or whose body is not what its kind has.
        case unexpectedFrame = "hub_unexpected_frame"
        /// A record that came before, or one behind a record that did not come.
        case outOfSequence = "hub_out_of_sequence"
        case helloTimeout = "hub_hello_timeout"
        case tooManyLinks = "hub_too_many_links"
        /// The same worker has connected again.
        case replaced = "hub_replaced"
    }

    public let code: Code
    public let sentence: String

    package init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    public var description: String { "\(code.rawValue): \(sentence)" }
}
