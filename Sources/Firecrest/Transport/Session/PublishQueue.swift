// Firecrest — what clients post to a session, handled one frame at a time.
// SPDX-License-Identifier: Apache-2.0

internal import DequeModule
internal import FirecrestHTTP
internal import NIOCore

/// Hands frames to a socket in order, waits while the socket wants none, and says within the window how it went.
///
/// A post is handled as a WebSocket's frames are: while a channel's mailbox is full, nothing more is taken in.
///
/// Isolation: belongs to its session's loop.
final class PublishQueue: TimerEntry {
    /// Posts that may wait behind one that does not get on; phoenix.js has one at a time under way.
    static let maxWaiting = 16
    /// Bytes of the frames of all of them. One post may be larger, when nothing else waits.
    static let maxWaitingBytes = 8_000_000

    var timerPlace = TimerPlace()

    private struct Post {
        var frames: ArraySlice<PublishBody.Frame>
        let deadline: NIODeadline
        let reply: (SessionAnswer) -> Void

        var bytes: Int { frames.reduce(0) { $0 + $1.content.readableBytes } }
    }

    private let timers: LoopTimers
    private let window: TimeAmount
    private let receive: (PublishBody.Frame) -> Void
    private var posts: Deque<Post> = []
    private var isPaused = false
    private var isRunning = false
    private var hasEnded = false

    /// - Parameters:
    ///   - window: how long a post may take.
    ///   - receive: takes one frame. It may pause the queue, or end it.
    init(timers: LoopTimers, window: TimeAmount, receive: @escaping (PublishBody.Frame) -> Void) {
        self.timers = timers
        self.window = window
        self.receive = receive
    }

    func add(_ frames: [PublishBody.Frame], reply: @escaping (SessionAnswer) -> Void) {
        guard !hasEnded else { return reply(.gone) }
        guard posts.count < Self.maxWaiting else { return reply(.busy) }
        let post = Post(frames: frames[...], deadline: timers.now + window, reply: reply)
        guard posts.isEmpty || posts.reduce(post.bytes, { $0 + $1.bytes }) <= Self.maxWaitingBytes else {
            return reply(.busy)
        }
        posts.append(post)
        run()
    }

    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        run()
    }

    /// The session is over: what waits has nobody to go to.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        timers.cancel(self)
        let left = posts
        posts = []
        for post in left { post.reply(.gone) }
    }

    private func run() {
        // A frame that resumes what it paused goes on in the loop below.
        guard !isRunning else { return }
        isRunning = true
        defer { isRunning = false }
        while !hasEnded, let post = posts.first {
            guard let frame = post.frames.first else {
                posts.removeFirst()
                post.reply(.done)
                continue
            }
            guard !isPaused else { break }
            posts[posts.startIndex].frames.removeFirst()
            receive(frame)
        }
        arm()
    }

    private func arm() {
        if let post = posts.first { timers.schedule(self, at: post.deadline) } else { timers.cancel(self) }
    }

    func timerFired() {
        let now = timers.now
        while let post = posts.first, post.deadline <= now {
            posts.removeFirst()
            post.reply(.busy)
        }
        arm()
    }
}

@available(*, unavailable)
extension PublishQueue: Sendable {}
