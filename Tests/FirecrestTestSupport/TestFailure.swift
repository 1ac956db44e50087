// Firecrest — what a test's harness says when something does not come.
// SPDX-License-Identifier: Apache-2.0

/// A wait that ended without what it was for, or an answer that is not what the harness can read.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
