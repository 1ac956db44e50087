// Firecrest — runs the Swift task of one callback on an event loop, under the callback's name.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The executor of one async callback: its loop, and the callback's name for as long as its code has the loop's thread.
package final class CallbackExecutor: TaskExecutor {
    private let eventLoop: any EventLoop
    private let running: RunningCode
    package let type: String
    package let topic: String?
    package let event: String

    package init(_ loop: LoopContext, type: String, topic: String?, event: String) {
        eventLoop = loop.eventLoop
        running = loop.running
        self.type = type
        self.topic = topic
        self.event = event
    }

    deinit {
        running.pass()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            self.named { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }

    /// Begins the callback on the loop's thread, here and now, without a turn through the loop.
    package func immediate(
        _ operation: sending @escaping @isolated(any) () async -> Void
    ) -> Task<Void, Never> {
        let before = running.enter(.callback, self, 0)
        defer { running.leave(before) }
        return Task.immediate(executorPreference: self, operation: operation)
    }

    private func named(_ body: () -> Void) {
        let before = running.enter(.callback, self, 0)
        body()
        running.leave(before)
    }
}
