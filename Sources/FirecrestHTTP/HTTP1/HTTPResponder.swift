// Firecrest — hands a request to the application's Hummingbird responder and streams the answer back.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import Hummingbird
package import Logging
package import NIOCore
internal import NIOHTTP1

/// The application's routes, with the context type erased.
package struct RouteResponder: Sendable {
    package let respond: @Sendable (Request, any Channel, Logger) async -> Response

    package init<Responder: HTTPResponder>(_ responder: Responder)
    where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        respond = { request, channel, logger in
            let context = Responder.Context(source: ApplicationRequestContextSource(channel: channel, logger: logger))
            do {
                return try await responder.respond(to: request, context: context)
            } catch let error as any HTTPResponseError {
                return (try? error.response(from: request, context: AnyContext(channel: channel, logger: logger)))
                    ?? Response(status: error.status)
            } catch is CancellationError {
                return Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
            } catch {
                logger.error("A route threw; answering 500.", metadata: ["error": "\(error)"])
                return Response(status: .internalServerError)
            }
        }
    }

    /// No routes: everything is 404.
    package static let none = RouteResponder(
        CallbackResponder<BasicRequestContext> { _, _ in throw HTTPError(.notFound) })

    private struct AnyContext: RequestContext {
        var coreContext: CoreRequestContextStorage

        init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
        }

        init(channel: any Channel, logger: Logger) {
            self.init(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        }
    }
}

/// Writes a response body with back-pressure: each write waits until the kernel took it.
struct ChannelBodyWriter: ResponseBodyWriter {
    let channel: any Channel
    let isHead: Bool

    mutating func write(_ buffer: ByteBuffer) async throws {
        guard !isHead, buffer.readableBytes > 0 else { return }
        try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer)))
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        let trailers = trailingHeaders.map { HTTPHeaders($0.map { ($0.name.rawName, $0.value) }) }
        try await channel.writeAndFlush(HTTPServerResponsePart.end(trailers))
    }
}

extension HTTPRequest {
    /// nil when the head has something that the currency types do not allow.
    init?(_ head: HTTPRequestHead, isSecure: Bool) {
        guard let method = HTTPRequest.Method(head.method.rawValue) else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var authority: String?
        for (name, value) in head.headers {
            if name.utf8.count == 4, name.lowercased() == "host" {
                authority = authority ?? value
                continue
            }
            guard let fieldName = HTTPField.Name(name) else { return nil }
            fields.append(HTTPField(name: fieldName, value: value))
        }
        self.init(
            method: method, scheme: isSecure ? "https" : "http", authority: authority, path: head.uri,
            headerFields: fields)
    }
}
