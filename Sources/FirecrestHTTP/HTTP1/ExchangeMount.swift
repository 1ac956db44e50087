// Firecrest — a path at which the framework answers requests itself.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// Answers requests without a Task: at once, when something has happened, or with a stream that does not end.
package protocol ExchangeMount: Sendable {
    /// Whether this mount answers requests for a path, whatever their method.
    func claims(path: Substring) -> Bool

    /// Largest request body in bytes; a larger one is answered with 413.
    var maxBodyBytes: Int { get }

    /// A whole request. Called on the connection's loop. The mount keeps `exchange` until it has answered.
    ///
    /// - Parameter body: may share the read buffer: what is kept longer than this call is copied.
    func answer(_ exchange: HTTPExchange, body: ByteBuffer, loop: LoopContext)
}
