// Firecrest — lets routes reach the endpoint that they are part of.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Synchronization

/// Set once, before the endpoint runs.
final class EndpointReference: Sendable {
    private struct Weak {
        weak var endpoint: Endpoint?
    }

    private let state = Mutex(Weak())

    func set(_ endpoint: Endpoint) {
        state.withLock { $0.endpoint = endpoint }
    }

    var endpoint: Endpoint? { state.withLock { $0.endpoint } }
}
