// Firecrest — why a way's figures are as they are, in a few plain sentences with those figures.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

struct WayExplanation {
    let text: String

    init(_ row: ComparisonSnapshot.Row, _ settings: CompareSettings) {
        let figures = row.figures
        guard figures.messages > 0 else {
            text = "No message has arrived yet."
            return
        }
        text =
            switch figures.way {
            case .shortPoll: Self.shortPoll(figures, settings)
            case .longPoll: Self.longPoll(figures, settings)
            case .eventStream: Self.eventStream(figures, settings)
            case .webSocket: Self.webSocket(figures, settings)
            }
    }

    private static func shortPoll(_ figures: WayFigures, _ settings: CompareSettings) -> String {
        let answers = figures.total.requests - figures.requestsWithoutNews - figures.opening.requests
        let each = ratio(figures.messages, max(answers, 1))
        return """
            Each client asks every \(settings.pollInterval) ms, news or not: \(count(figures.total.requests, "request")), \
            \(figures.requestsWithoutNews) of them for nothing, \(each) messages in each of the others. A question is \
            \(size(figures.requestHead)) bytes of head and an answer \(size(figures.responseHead)), for messages of \
            \(settings.payloadBytes) bytes. A message waits for the next question: half of the interval in the middle, \
            \(milliseconds(figures.latencyP50)) ms here. Asking more often is quicker and costs more.
            """
    }

    private static func longPoll(_ figures: WayFigures, _ settings: CompareSettings) -> String {
        """
        The server holds each question until there is news, so a message waits for nobody (\
        \(milliseconds(figures.latencyP50)) ms). But an answer ends its request, and the next message needs a new one: \
        \(count(figures.total.requests, "request")) for \(count(figures.messages, "message")), with \
        \(size(figures.requestHead)) bytes of head up and \(size(figures.responseHead)) down around each \
        \(settings.payloadBytes) bytes. What comes while a client asks anew waits for that question and comes in one batch.
        """
    }

    private static func eventStream(_ figures: WayFigures, _ settings: CompareSettings) -> String {
        let around =
            Double(figures.total.bytesDown - figures.opening.bytesDown) / Double(figures.messages)
            - Double(settings.payloadBytes)
        return """
            One request of \(size(figures.requestHead)) bytes opens an answer that does not end: \
            \(count(figures.total.requests, "request")) in all. From then on a message costs its own \
            \(settings.payloadBytes) bytes and \(decimal(around)) more, the lines that begin with id:, event: and data:. \
            It goes one way only: what a client has to say is a request of its own, with all its head.
            """
    }

    private static func webSocket(_ figures: WayFigures, _ settings: CompareSettings) -> String {
        let header = Double(figures.frameHeaderDown?.typical ?? 0)
        let around =
            Double(figures.total.bytesDown - figures.opening.bytesDown) / Double(figures.messages)
            - Double(settings.payloadBytes) - header
        return """
            One request of \(size(figures.requestHead)) bytes becomes a connection for both directions. From then on a \
            message is a frame: \(range(figures.frameHeaderDown)) bytes of header, \(decimal(around)) of the channel's \
            envelope (refs, topic, event) and its own \(settings.payloadBytes). Frames of clients have \
            \(range(figures.frameHeaderUp)) bytes of header, 4 of them the mask. No message asks for the next one, and none \
            carries a head.
            """
    }

    // MARK: figures as text

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    private static func size(_ sizes: SizeSummary?) -> String { sizes.map { "\($0.typical)" } ?? "?" }

    private static func range(_ sizes: SizeSummary?) -> String {
        guard let sizes else { return "?" }
        return sizes.smallest == sizes.largest ? "\(sizes.smallest)" : "\(sizes.smallest) to \(sizes.largest)"
    }

    private static func ratio(_ a: Int, _ b: Int) -> String { decimal(Double(a) / Double(b)) }
    private static func milliseconds(_ value: Double?) -> String { value.map(decimal) ?? "?" }
    private static func decimal(_ value: Double) -> String { TextReport.decimal(max(value, 0)) }
}
