// Firecrest — tests that say nothing about several worker processes
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// Left out where a server is several endpoints, for a reason.
    static func oneProcess(_ reason: Comment) -> Self {
        .enabled(if: TestServer.workers == 1, reason)
    }
}
