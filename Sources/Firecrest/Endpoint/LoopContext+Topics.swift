// Firecrest — an event loop as its topics see it.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
internal import FirecrestPubSub
package import NIOCore

extension LoopContext: TopicScheduler {
    package var now: NIODeadline { timers.now }
}
