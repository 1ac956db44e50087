// Firecrest — the callbacks of a channel as the loop's watchdog knows them.
// SPDX-License-Identifier: Apache-2.0

package import FirecrestHTTP
internal import NIOCore

/// Callbacks that no client's event names. Events are their indices in the route's table: 0 and up.
enum ChannelCallback: Int {
    case join = -1
    case handleOut = -2
    case handleInfo = -3
    case handleMissed = -4
    case terminate = -5

    var name: String {
        switch self {
        case .join: "join"
        case .handleOut: "handleOut"
        case .handleInfo: "handleInfo"
        case .handleMissed: "handleMissed"
        case .terminate: "terminate"
        }
    }
}

extension AnyChannelCell {
    /// Runs the user's code with its number on record for the watchdog.
    func running<T>(_ number: Int, _ code: () throws -> T) rethrows -> T {
        guard let running = socket?.loop.context.running else { return try code() }
        let before = running.enter(.channel, self, number)
        defer { running.leave(before) }
        return try code()
    }

    /// Before this cell may go: the watchdog may be reading its name.
    func passRunningCode(_ loop: EndpointLoop) {
        let running = loop.context.running
        guard isBusy else { return running.pass() }
        // Its code may still be on the stack, and go out of the record after this.
        loop.eventLoop.assumeIsolated().execute { [self] in
            withExtendedLifetime(self) { running.pass() }
        }
    }
}

extension RunningCode {
    /// The name of the code that runs now, fit to be logged. On any thread.
    var name: RunningName? {
        read { kind, object, number in
            switch kind {
            case .channel:
                // Not retained: the last release must be the loop's.
                Unmanaged<AnyChannelCell>.fromOpaque(object)._withUnsafeGuaranteedRef { cell in
                    let route = cell.route
                    let event = ChannelCallback(rawValue: number)?.name ?? route.events.name(at: number) ?? "?"
                    return RunningName(type: route.watch.name, topic: cell.topic.forLog(), event: event.forLog())
                }
            case .callback:
                Unmanaged<CallbackExecutor>.fromOpaque(object)._withUnsafeGuaranteedRef { callback in
                    RunningName(
                        type: callback.type, topic: callback.topic?.forLog(), event: callback.event.forLog())
                }
            }
        }
    }
}

/// A loop that somebody's code has blocked for `EndpointOptions.loopStallLimit`.
package struct StuckLoop: Sendable {
    /// The loop's, counted from 0.
    package let index: Int
    /// For how long it has been blocked.
    package let duration: Duration
    /// What it runs, where that is code of a channel, a socket or a route.
    package let code: RunningName?
}
