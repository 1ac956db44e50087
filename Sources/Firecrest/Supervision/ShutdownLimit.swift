// Firecrest — how long a child has to stop.
// SPDX-License-Identifier: Apache-2.0

/// How a supervisor stops a child, as a child's `shutdown` in OTP.
///
/// A child is asked first: a graceful shutdown of ServiceLifecycle. When its time is over its task is cancelled. That is
/// all that can be done: **a service in Swift cannot be killed.** One that does not heed its cancellation either within
/// `Supervisor.cancellationLimit` is left behind: it runs on until it returns by itself, with all that it holds, while the
/// supervisor goes on without it, logs it as runaway and counts it (`firecrest.supervisor.runaways`). Where code may hang
/// for good, put it into a process that can be killed.
public struct ShutdownLimit: Sendable, Hashable {
    enum Kind: Hashable {
        case after(Duration)
        case atOnce
        case never
    }

    let kind: Kind

    /// Asked, and cancelled so long after it.
    public static func after(_ time: Duration) -> ShutdownLimit { ShutdownLimit(kind: .after(time)) }
    /// Asked, and cancelled so many seconds after it.
    public static func seconds(_ seconds: Int) -> ShutdownLimit { after(.seconds(seconds)) }
    /// Asked, and cancelled so many milliseconds after it.
    public static func milliseconds(_ milliseconds: Int) -> ShutdownLimit { after(.milliseconds(milliseconds)) }
    /// Cancelled without being asked: the nearest thing to `:brutal_kill`.
    public static let cancel = ShutdownLimit(kind: .atOnce)
    /// Asked, and waited for without end. For supervisors, whose children have limits of their own; they have it by default.
    public static let infinity = ShutdownLimit(kind: .never)

    /// nil: without end.
    var time: Duration? {
        switch kind {
        case .after(let time): time
        case .atOnce: .zero
        case .never: nil
        }
    }
}
