// Firecrest — keeps clients from flooding the log.
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import NIOCore

/// What a client can cause log lines of, as often as it likes.
package enum LogKind: Int, CaseIterable, Sendable {
    case originRefused, versionRefused, connectRefused, connectFailed, refreshRefused, refreshFailed
    case topicUnmatched, tooManyChannels, joinCrashed, joinTimeout, channelCrashed, invalidPayload, replyNotEncodable
    case slowConsumer, binaryOnLongPoll, tooManySessions
    case handshakeFailed, proxyHeaderRefused
    case nodeCallUnanswered, nodeMessageDropped, nodeMessageLost
}

/// Lets ten lines of each kind through in a second and counts the rest; the next line that goes through says how many
/// there were. What is counted in metrics is counted whether or not its line is written.
///
/// Isolation: belongs to its loop.
package struct LogSampler {
    /// Lines of one kind on one loop in a second.
    package static let maxLinesPerSecond = 10

    private struct Window {
        var end = NIODeadline.uptimeNanoseconds(0)
        var lines = 0
        var suppressed = 0
    }

    private var windows = [Window](repeating: Window(), count: LogKind.allCases.count)

    init() {}

    /// - Returns: whether a line may be written, and how many were left out before it.
    mutating func admit(_ kind: LogKind, now: NIODeadline) -> Int? {
        var window = windows[kind.rawValue]
        defer { windows[kind.rawValue] = window }
        if now >= window.end {
            window.end = now + .seconds(1)
            window.lines = 0
        }
        guard window.lines < Self.maxLinesPerSecond else {
            window.suppressed += 1
            return nil
        }
        window.lines += 1
        defer { window.suppressed = 0 }
        return window.suppressed
    }
}

extension LoopContext {
    /// Logs what a client caused, unless there were too many lines of this kind just now.
    package func log(
        _ kind: LogKind, _ level: Logger.Level, to logger: Logger, _ message: @autoclosure () -> Logger.Message,
        metadata: @autoclosure () -> Logger.Metadata = [:]
    ) {
        guard logger.logLevel <= level else { return }
        guard let suppressed = logSampler.admit(kind, now: timers.now) else {
            statistics.logLinesSuppressed += 1
            return
        }
        var all = metadata()
        if suppressed > 0 { all["suppressed"] = "\(suppressed)" }
        logger.log(level: level, message(), metadata: all)
    }
}
