// Firecrest — a request body as it arrives, with back-pressure to the socket.
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import NIOCore

/// Feeds a route's `RequestBody` from the event loop. When the route does not keep up, the connection is not read.
///
/// Isolation: belongs to its loop.
final class RequestBodySource {
    private typealias Producer = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Demand
    >

    /// Tells the connection that more is wanted. Called from the route's task.
    private struct Demand: NIOAsyncSequenceProducerDelegate {
        let eventLoop: any EventLoop
        let resume: @Sendable () -> Void

        func produceMore() { eventLoop.execute(resume) }
        func didTerminate() { eventLoop.execute(resume) }
    }

    let body: RequestBody
    private let source: Producer.Source

    /// - Parameter resume: called on the loop when the route wants more, or nothing any more.
    init(eventLoop: any EventLoop, resume: @escaping @Sendable () -> Void) {
        let sequence = Producer.makeSequence(
            backPressureStrategy: .init(lowWatermark: 2, highWatermark: 4), finishOnDeinit: true,
            delegate: Demand(eventLoop: eventLoop, resume: resume))
        source = sequence.source
        body = RequestBody(asyncSequence: sequence.sequence)
    }

    /// Returns whether the route wants more at once.
    func yield(_ bytes: ByteBuffer) -> Bool {
        if case .stopProducing = source.yield(bytes) { return false }
        return true
    }

    func finish() { source.finish() }
    func fail(_ error: any Error) { source.finish(error) }
}
