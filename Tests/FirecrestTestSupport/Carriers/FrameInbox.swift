// Firecrest — what came for a client over long poll or an event stream, until its test takes it.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Filled by the handlers of the client's two connections.
final class FrameInbox: Sendable {
    private struct State {
        /// Taken by index, for thousands of frames that are taken one by one.
        var frames: [ReceivedFrame] = []
        var taken = 0
        var failure: TestFailure?

        mutating func next() throws -> ReceivedFrame? {
            if taken < frames.count {
                defer { taken += 1 }
                return frames[taken]
            }
            frames.removeAll(keepingCapacity: true)
            taken = 0
            if let failure { throw failure }
            return nil
        }
    }

    private let state = Awaited(State())

    func add(_ frames: [ReceivedFrame]) {
        guard !frames.isEmpty else { return }
        state.change { $0.frames += frames }
    }

    /// The server did what it must not. Whoever receives hears of it after what came before.
    func fail(_ what: String) {
        state.change { $0.failure = $0.failure ?? TestFailure(what) }
    }

    func next(until deadline: NIODeadline, on eventLoop: any EventLoop) async throws -> ReceivedFrame {
        guard let frame = try await state.wait(until: deadline, on: eventLoop, { try $0.next() }) else {
            throw TestFailure("a frame did not come in time")
        }
        return frame
    }
}
