// Firecrest — lines of standard input, read when asked for.
// SPDX-License-Identifier: Apache-2.0

import Dispatch

enum StandardInputLines {
    /// One line for each time somebody asks, so that a long file is not read ahead of what was sent. The thread that waits
    /// for the terminal cannot be woken; it ends with the program.
    static func stream() -> AsyncStream<String> {
        let queue = DispatchQueue(label: "firecrest.console.stdin")
        return AsyncStream {
            await withCheckedContinuation { continuation in
                queue.async { continuation.resume(returning: readLine(strippingNewline: true)) }
            }
        }
    }
}
