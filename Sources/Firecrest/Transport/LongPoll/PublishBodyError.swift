// Firecrest — why the body of a POST is refused.
// SPDX-License-Identifier: Apache-2.0

/// The code and the sentence for the response; nothing in them comes from the client.
package struct PublishBodyError: Error, Sendable, Hashable {
    /// Names that never change.
    package enum Code: String, Sendable, CaseIterable {
        case invalidBase64 = "invalid_base64"
        case lineTooLong = "line_too_long"
        case textNotUTF8 = "text_not_utf8"
    }

    package let code: Code

    /// One sentence: what is wrong.
    package var reason: String {
        switch code {
        case .invalidBase64: "A line is neither a JSON array nor base64 with its padding."
        case .lineTooLong: "A line of base64 is longer than \(PublishBody.maxLineBytes) bytes."
        case .textNotUTF8: "A text message is not valid UTF-8."
        }
    }
}
