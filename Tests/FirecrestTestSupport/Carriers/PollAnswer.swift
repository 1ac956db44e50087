// Firecrest — what long poll answers: always HTTP 200, with a status in the body.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import NIOCore

/// The body of a response, checked with the header fields that come with every one.
package struct PollAnswer: Sendable, Hashable, CustomStringConvertible {
    package var status: Int
    /// Nil when the body has none, as in an answer to a POST.
    package var token: String?
    package var messages: [String]
    private var members: Set<String>

    /// - Throws: when this is no answer of long poll.
    package init(_ answer: HTTPAnswer) throws {
        guard answer.status == 200, answer["content-type"] == "application/json; charset=utf-8",
            answer["cache-control"] == "no-store", answer["access-control-allow-origin"] == "*"
        else { throw TestFailure("no answer of long poll: \(answer.status) \(answer.headers) \(answer.text)") }
        let json: JSON
        do {
            json = try JSON(parsing: answer.body)
        } catch {
            throw TestFailure("a body of JSON was expected, not \(answer.text): \(error)")
        }
        guard let object = json.objectValue, let status = object["status"]?.intValue else {
            throw TestFailure("a body with a status was expected, not \(answer.text)")
        }
        self.status = status
        token = object["token"]?.stringValue
        members = Set(object.keys)
        messages = try (object["messages"]?.arrayValue ?? []).map { message in
            guard let text = message.stringValue else { throw TestFailure("a message is a string: \(answer.text)") }
            return text
        }
    }

    /// Whether the body is a poll's: status, token and messages, and nothing else.
    package var isWhole: Bool { members == ["status", "token", "messages"] }
    /// Whether the body is a status alone, as a POST is answered, or a refusal.
    package var isBare: Bool { members == ["status"] }

    package var description: String { "status \(status), token \(token ?? "none"), messages \(messages)" }
}
