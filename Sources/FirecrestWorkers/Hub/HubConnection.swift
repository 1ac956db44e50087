// Firecrest — a worker's end of one link to the hub.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// Says hello, and hands on what comes.
///
/// Isolation: belongs to the adapter's loop.
final class HubConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let worker: WorkerID
    private let key: String
    private let timeout: TimeAmount
    private var decoder: HubDecoder
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var reason: HubError?

    /// The hub has taken the hello, and frames may have so many bytes.
    var onWelcome: ((Int) -> Void)?
    var onRecords: ((HubRun) -> Void)?
    var onLost: ((UInt64) -> Void)?
    var onFigures: ((HubStatistics) -> Void)?
    /// The link has ended, or was never made. Called once.
    var onEnd: ((HubError) -> Void)?

    init(worker: WorkerID, key: String, limits: HubLimits) {
        self.worker = worker
        self.key = key
        timeout = limits.helloTimeout
        decoder = HubDecoder(side: .worker, maxFrameBytes: limits.maxFrameBytes)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        var hello = ByteBuffer()
        HubFrame.writeHello(worker, key: key, to: &hello)
        context.writeAndFlush(wrapOutboundOut(hello), promise: nil)
        let (bound, timeout) = (NIOLoopBound(self, eventLoop: context.eventLoop), timeout)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            bound.value.close(
                HubError(.helloTimeout, "The hub did not answer within \(timeout.nanoseconds / 1_000_000) ms."))
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data))
        do throws(HubError) {
            while let event = try decoder.next() { try take(event) }
        } catch {
            close(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(HubError(.unreachable, "\(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
        end(reason ?? HubError(.unreachable, "The hub has closed the link."))
    }

    func end(_ reason: HubError) {
        let tell = onEnd
        (onEnd, onWelcome, onRecords, onLost, onFigures) = (nil, nil, nil, nil, nil)
        tell?(reason)
    }

    private func take(_ event: HubEvent) throws(HubError) {
        switch event {
        case .welcome(let maxFrameBytes):
            timer?.cancel()
            onWelcome?(maxFrameBytes)
        case .refusal(let code):
            throw HubError(code ?? .unreachable, "The hub does not take this worker.")
        case .records(let run): onRecords?(run)
        case .lost(let count): onLost?(count)
        case .figures(let statistics): onFigures?(statistics)
        case .hello: break  // The decoder gives no such event on this side.
        }
    }

    /// In one write.
    func write(_ chunks: [ByteBuffer], written: EventLoopPromise<Void>) {
        guard let context, let last = chunks.last else { return written.fail(ChannelError.ioOnClosedChannel) }
        for chunk in chunks.dropLast() { context.write(wrapOutboundOut(chunk), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(last), promise: written)
    }

    func close(_ reason: HubError) {
        if self.reason == nil { self.reason = reason }
        context?.close(promise: nil)
    }
}

@available(*, unavailable)
extension HubConnection: Sendable {}
