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
/// Isolation: belongs to the listening socket's loop.
final class AcceptGuard: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private static let pause = TimeAmount.milliseconds(100)
    private static let quietTime = TimeAmount.seconds(10)

    private let admission: Admission
    private let loop: LoopContext?
    private let logger: Logger
    private var reserve: CInt = -1
    /// The next connection takes the place of the reserve.
    private var isLending = false
    private var isPausing = false
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
            pause(context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
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
        } else {
            context.read()
        }
    }

    private func pause(_ context: ChannelHandlerContext) {
        guard !isPausing else { return }
        isPausing = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) { bound.value.resume() }
    }

    private func reserveIsBack() {
        takeReserve()
        if reserve >= 0 { resume() }
    }

    private func resume() {
        guard isPausing, let context else { return }
        isPausing = false
        takeReserve()
        guard readWanted else { return }
        readWanted = false
        context.read()
    }

    private func takeReserve() {
        guard reserve < 0, !isLending, context != nil else { return }
        reserve = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    private func giveUpReserve() {
        guard reserve >= 0 else { return }
        Self.closeDescriptor(reserve)
        reserve = -1
    }

    private static func closeDescriptor(_ descriptor: CInt) {
        #if canImport(Glibc)
        _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
        _ = Musl.close(descriptor)
        #else
        _ = Darwin.close(descriptor)
        #endif
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
