// Firecrest — the demo's HTTP side: the page, health, metrics.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestJavaScript
import Hummingbird
import NIOCore

enum DemoRoutes {
    static func router(_ reference: EndpointReference, _ metrics: PrometheusRegistry) -> Router<BasicRequestContext> {
        let router = Router()
        for asset in assets {
            router.get(RouterPath(asset.path)) { _, _ in asset.response }
            router.head(RouterPath(asset.path)) { _, _ in asset.response }
        }
        // Browsers ask for it unasked.
        router.get("/favicon.ico") { _, _ in Response(status: .noContent) }
        router.get("/healthz") { _, _ in text("ok\n") }
        router.get("/readyz") { _, _ in
            reference.endpoint?.isAccepting == true
                ? text("ready\n") : text("draining: no new connections\n", status: .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            await reference.endpoint?.publishMetrics()
            return text(metrics.text(), contentType: "text/plain; version=0.0.4; charset=utf-8")
        }
        return router
    }

    private struct Asset: Sendable {
        let path: String
        let contentType: String
        let body: ByteBuffer

        init(_ path: String, _ contentType: String, _ bytes: [UInt8]) {
            self.path = path
            self.contentType = contentType
            self.body = ByteBuffer(bytes: bytes)
        }

        var response: Response {
            Response(
                status: .ok,
                headers: [
                    .contentType: contentType,
                    .cacheControl: "no-cache",
                    .contentSecurityPolicy: "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:",
                    .xContentTypeOptions: "nosniff",
                ],
                body: ResponseBody(byteBuffer: body))
        }
    }

    private static let assets = [
        Asset("/", "text/html; charset=utf-8", PackageResources.index_html),
        Asset("/chat.js", "text/javascript; charset=utf-8", PackageResources.chat_js),
        Asset("/style.css", "text/css; charset=utf-8", PackageResources.style_css),
        Asset("/firecrest.js", "text/javascript; charset=utf-8", FirecrestJavaScript.client),
    ]

    private static func text(
        _ body: String, status: HTTPResponse.Status = .ok, contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
