// Firecrest — messages for people, on standard error.
// SPDX-License-Identifier: Apache-2.0

import Glibc

enum StandardError {
    static func print(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}
