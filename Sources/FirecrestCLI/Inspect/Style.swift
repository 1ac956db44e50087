// Firecrest — colours, where there is somebody to see them.
// SPDX-License-Identifier: Apache-2.0

import Glibc

struct Style {
    var isColoured: Bool

    /// For a stream of the process: a terminal, and nobody said `NO_COLOR` (no-color.org).
    static func of(descriptor: Int32) -> Style {
        let refusal = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
        return Style(isColoured: isatty(descriptor) == 1 && refusal.isEmpty)
    }

    func bold(_ text: String) -> String { wrap(text, "1") }
    func dim(_ text: String) -> String { wrap(text, "2") }
    func red(_ text: String) -> String { wrap(text, "1;31") }
    func green(_ text: String) -> String { wrap(text, "32") }
    func cyan(_ text: String) -> String { wrap(text, "36") }

    private func wrap(_ text: String, _ code: String) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
