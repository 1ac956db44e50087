// Firecrest — what a loop's topics need of their loop.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// The loop's clock and its queue of work.
///
/// Isolation: belongs to its loop.
package protocol TopicScheduler: AnyObject {
    var now: NIODeadline { get }

    /// Runs work when what the sockets brought in this tick has been handled, before the loop waits for more.
    func atEndOfTick(_ work: @escaping () -> Void)

    /// Runs work on this loop after it has looked at its sockets again.
    func nextTick(_ work: @escaping () -> Void)

    func after(_ delay: TimeAmount, _ work: @escaping () -> Void)

    /// Writes what connections have been given so far.
    func flush()
}
