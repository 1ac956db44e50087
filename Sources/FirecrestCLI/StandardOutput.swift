// Firecrest — text on standard output, at once.
// SPDX-License-Identifier: Apache-2.0

import Glibc

enum StandardOutput {
    /// Writes all of `text`. A reader that is gone ends the program, as for any filter.
    static func print(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while rest.count > 0 {
                let count = write(STDOUT_FILENO, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { exit(1) }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}
