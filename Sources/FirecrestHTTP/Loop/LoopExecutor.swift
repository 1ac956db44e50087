// Firecrest — runs Swift tasks on an event loop.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// A task executor preference: a task that has it runs on the loop's thread whenever it is on no actor.
package final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    package init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
