// Firecrest — an option that cannot work, found before the server starts.
// SPDX-License-Identifier: Apache-2.0

/// Thrown by `Endpoint.init` for an option with a wrong value. Nothing has been started then.
public struct OptionError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A number or time that is too small or too large.
        case outOfRange = "option_out_of_range"
        /// A text that is not written as it must be.
        case malformed = "option_malformed"
        /// Two options, or two mounts, that cannot both hold.
        case conflict = "option_conflict"
    }

    /// Stable, for programs.
    public let code: Code
    /// The option's name and whose it is, for example `maxFragments of the WebSocket at /socket`.
    public let option: String
    /// What its value is and what is expected; reads on from the option's name.
    public let sentence: String

    init(_ code: Code, option: String, sentence: String) {
        self.code = code
        self.option = option
        self.sentence = sentence
    }

    public var description: String { "\(code.rawValue): \(option) \(sentence)." }
}
