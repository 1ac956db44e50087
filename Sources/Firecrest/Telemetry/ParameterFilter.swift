// Firecrest — keeps secrets of clients out of the log.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol
internal import NIOCore

/// What of a client's parameters and payloads a log line may show (Phoenix's `filter_parameters`).
public struct ParameterFilter: Sendable, Hashable {
    private enum Mode: Hashable {
        case discard([String])
        case keep([String])
    }

    private let mode: Mode

    /// Hides the value of each key that contains one of `words`, at any depth, and each text that contains one of them
    /// with a `=` behind it. Capital letters count.
    public static func discard(_ words: [String]) -> ParameterFilter { ParameterFilter(mode: .discard(words)) }

    /// Shows the values of these keys and hides all others.
    public static func keep(_ keys: [String]) -> ParameterFilter { ParameterFilter(mode: .keep(keys)) }

    /// `.discard(["password", "token"])`, as Phoenix.
    public static let standard = discard(["password", "token"])

    static let hidden: JSON = "[FILTERED]"
    /// Larger payloads are not written out, in bytes.
    private static let maxPayloadBytes = 4_096

    /// The value with what must be hidden replaced by `[FILTERED]`.
    public func filtered(_ value: JSON) -> JSON {
        switch value {
        case .object(let members):
            .object(Dictionary(uniqueKeysWithValues: members.map { ($0, filtered($1, under: $0)) }))
        case .array(let items):
            .array(items.map(filtered))
        case .string(let text):
            isSecret(text) ? Self.hidden : value
        case .bool, .integer, .number:
            if case .keep = mode { Self.hidden } else { value }
        case .null: value
        }
    }

    private func filtered(_ value: JSON, under key: String) -> JSON {
        switch mode {
        case .discard(let words):
            return words.contains { key.contains($0) } ? Self.hidden : filtered(value)
        case .keep(let keys):
            return keys.contains(key) ? value : filtered(value)
        }
    }

    private func isSecret(_ text: String) -> Bool {
        switch mode {
        case .discard(let words): words.contains { text.contains($0 + "=") }
        case .keep: true
        }
    }

    // MARK: for log lines

    func text(_ payload: Payload) -> String {
        guard payload.kind == .json, payload.count <= Self.maxPayloadBytes,
            let json = try? payload.decode(JSON.self)
        else { return "<\(payload.count) bytes>" }
        return text(json)
    }

    func text(_ params: ConnectParams) -> String {
        text(.object(params.values.mapValues(JSON.init)))
    }

    private func text(_ json: JSON) -> String {
        (try? Payload(filtered(json)))?.description.forLog(1_000) ?? "<not writable>"
    }
}

extension JSON {
    init(_ value: ConnectParams.Value) {
        switch value {
        case .string(let text): self = .string(text)
        case .list(let items): self = .array(items.map(JSON.init))
        case .map(let members): self = .object(members.mapValues(JSON.init))
        }
    }
}
