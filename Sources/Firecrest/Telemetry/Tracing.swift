// Firecrest — spans of connects, joins and events.
// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1
internal import Tracing

/// Starts spans on one tracer; there is none of these when nobody traces.
///
/// A connection lives long, so its channels' spans are traces of their own, linked to the span of its connect; that one
/// goes on the trace that the upgrade request was part of. Attributes are names that the server's code has; topics and
/// other names of clients are none.
struct SocketTracer: Sendable {
    private let tracer: any Tracer

    init?(_ tracer: any Tracer) {
        guard !(tracer is NoOpTracer) else { return nil }
        self.tracer = tracer
    }

    /// The trace that a request's headers name.
    func context(of headers: HTTPHeaders) -> InstrumentationContext {
        var context = InstrumentationContext.topLevel
        tracer.extract(headers, into: &context, using: HeaderExtractor())
        return context
    }

    func connectSpan(_ socket: String, in context: InstrumentationContext?) -> any Span {
        let span: any Span = tracer.startSpan(
            SocketConnected.name, context: context ?? .topLevel, ofKind: .server)
        span.attributes["firecrest.socket"] = socket
        return span
    }

    func channelSpan(_ name: String, _ channel: String, linkedTo connect: InstrumentationContext?) -> any Span {
        let span: any Span = tracer.startSpan(name, context: .topLevel, ofKind: .server)
        span.attributes["firecrest.channel"] = channel
        if let connect { span.addLink(SpanLink(context: connect, attributes: [:])) }
        return span
    }
}

private struct HeaderExtractor: Extractor {
    func extract(key: String, from carrier: HTTPHeaders) -> String? { carrier.first(name: key) }
}
