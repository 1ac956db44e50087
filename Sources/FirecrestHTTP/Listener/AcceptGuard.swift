// Firecrest — goes on accepting when descriptors run out.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import Logging
internal import NIOCore

/// Stands first on a listening socket.
///
/// Without it, `accept` failing for want of a descriptor would be tried again at once and for ever, a loop that starves
/// the connections that are there. It holds one descriptor in reserve: given up, it lets the next client in, who is told
/// to come back later. When that client is gone the reserve is taken again. While it is lent, nothing is accepted for a
/// moment at a time.
///
/// It also keeps to the rate at which connections are accepted: beyond it they wait in the kernel, and are served a moment
/// later, while those that are there are served as before.
///
/// Isolation: belongs to the listening socket's loop.
final class AcceptGuard: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private static let descriptorPause = TimeAmount.milliseconds(100)
    private static let quietTime = TimeAmount.seconds(10)

    private let admission: Admission
    private let loop: LoopContext?
    private let logger: Logger
    private var reserve: CInt = -1
    /// The next connection takes the place of the reserve.
    private var isLending = false
    private var isPausing = false
    /// The channel does not look at its socket: a failed accept leaves it wanting to, at once and again.
    private var isDeaf = false
    private var readWanted = false
    private var lastLogged: NIODeadline?
    private var context: ChannelHandlerContext?

    init(admission: Admission, loop: LoopContext?, logger: Logger) {
        self.admission = admission
        self.loop = loop
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        takeReserve()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        giveUpReserve()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else {
            // The client went before it was accepted: no reason to wait.
            if let error = error as? IOError, error.errnoCode == ECONNABORTED { return }
            return context.fireErrorCaught(error)
        }
        loop?.statistics.acceptFailures += 1
        log(error)
        if reserve >= 0, error.errnoCode == EMFILE || error.errnoCode == ENFILE {
            giveUpReserve()
            isLending = true
        } else {
            pause(context, for: Self.descriptorPause)
            guard !isDeaf else { return }
            isDeaf = true
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        admission.acceptPace?.spend(now: .now())
        if isLending {
            isLending = false
            let channel = unwrapInboundIn(data)
            admission.mark(channel)
            let (bound, admission) = (NIOLoopBound(self, eventLoop: context.eventLoop), admission)
            channel.closeFuture.hop(to: context.eventLoop).whenComplete { _ in
                admission.unmark(channel)
                bound.value.reserveIsBack()
            }
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        if isPausing {
            readWanted = true
        } else if let wait = admission.acceptPace?.wait(now: .now()) {
            readWanted = true
            loop?.statistics.acceptPauses += 1
            pause(context, for: wait)
        } else {
            context.read()
        }
    }

    private func pause(_ context: ChannelHandlerContext, for time: TimeAmount) {
        guard !isPausing else { return }
        isPausing = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: time) { bound.value.resume() }
    }

    private func reserveIsBack() {
        takeReserve()
        if reserve >= 0 { resume() }
    }

    private func resume() {
        guard isPausing, let context else { return }
        isPausing = false
        takeReserve()
        let wantedRead = readWanted
        readWanted = false
        if isDeaf {
            isDeaf = false
            // Reads, too.
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        } else if wantedRead {
            context.read()
        }
    }

    private func takeReserve() {
        guard reserve < 0, !isLending, context != nil else { return }
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    private func giveUpReserve() {
        guard reserve >= 0 else { return }
        Descriptor.close(reserve)
        reserve = -1
    }

    private func log(_ error: IOError) {
        let now = NIODeadline.now()
        if let lastLogged, lastLogged + Self.quietTime > now { return }
        lastLogged = now
        logger.error(
            "A connection cannot be accepted; new clients are told to come back. Raise the limit on open files (ulimit -n) or lower maxConnections.",
            metadata: ["error": "\(error)", "descriptors": "\(DescriptorLimit.current)"])
    }
}
