// Firecrest — lets routes reach the endpoint that they are part of.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import NIOConcurrencyHelpers

/// Set once, before the endpoint runs.
final class EndpointReference: Sendable {
    private struct Weak {
        weak var endpoint: Endpoint?
    }

    private let state = NIOLockedValueBox(Weak())

    func set(_ endpoint: Endpoint) {
        state.withLockedValue { $0.endpoint = endpoint }
    }

    var endpoint: Endpoint? { state.withLockedValue { $0.endpoint } }
}
