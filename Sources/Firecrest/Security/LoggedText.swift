// Firecrest — text of a client's, made fit for a log.
// SPDX-License-Identifier: Apache-2.0

extension StringProtocol {
    /// At most 200 characters, each control character and line separator replaced by `?`: a client can neither fill the
    /// log nor write lines of its own into it.
    package func forLog(_ limit: Int = 200) -> String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: text.append("?")
            default: text.append(scalar)
            }
        }
        return String(text) + (unicodeScalars.count > limit ? "…" : "")
    }
}
