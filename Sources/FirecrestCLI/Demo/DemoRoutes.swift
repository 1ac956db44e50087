// Firecrest — the demo's HTTP side: the page, health, metrics.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestJavaScript
import Hummingbird
import NIOCore

enum DemoRoutes {
    /// - Parameter workers: for the figures of all of them, when this is one.
    static func router(
        _ reference: EndpointReference, _ metrics: PrometheusRegistry, _ workers: WorkersPage? = nil
    ) -> Router<BasicRequestContext> {
        let router = Router()
        for asset in assets {
            router.get(RouterPath(asset.path)) { _, _ in asset.response }
            router.head(RouterPath(asset.path)) { _, _ in asset.response }
        }
        // Browsers ask for it unasked.
        router.get("/favicon.ico") { _, _ in Response(status: .noContent) }
        router.get("/whoami") { _, _ in
            let client = RemoteClient.current
            return text("\(client?.isSecure == true ? "https" : "http") \(client?.address ?? "unix")\n")
        }
        router.get("/healthz") { _, _ in text("ok\n") }
        router.get("/readyz") { _, _ in
            reference.endpoint?.isAccepting == true
                ? text("ready\n") : text("draining: no new connections\n", status: .serviceUnavailable)
        }
        router.get("/metrics") { _, _ in
            let contentType = "text/plain; version=0.0.4; charset=utf-8"
            if let workers { return text(await workers.text(), contentType: contentType) }
            await reference.endpoint?.publishMetrics()
            return text(metrics.text(), contentType: contentType)
        }
        Notice.addRoute(to: router, reference)
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

        static func script(_ name: String, _ bytes: [UInt8]) -> Asset {
            Asset("/\(name).js", "text/javascript; charset=utf-8", bytes)
        }

        /// Swift of this program, as it was compiled: the files in Page/Source are links to it.
        static func source(_ name: String, _ bytes: [UInt8]) -> Asset {
            Asset("/source/\(name).swift", "text/plain; charset=utf-8", bytes)
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
        Asset("/style.css", "text/css; charset=utf-8", PackageResources.style_css),
        Asset("/tabs.css", "text/css; charset=utf-8", PackageResources.tabs_css),
        .script("firecrest", FirecrestJavaScript.client),
        .script("page", PackageResources.page_js),
        .script("tabs", PackageResources.tabs_js),
        .script("chat", PackageResources.chat_js),
        .script("ticker", PackageResources.ticker_js),
        .script("desk", PackageResources.desk_js),
        .script("dots", PackageResources.dots_js),
        .script("figures", PackageResources.figures_js),
        .script("notify", PackageResources.notify_js),
        .script("compare", PackageResources.compare_js),
        .script("handshake", PackageResources.handshake_js),
        .source("PlaygroundChannel", PackageResources.PlaygroundChannel_swift_txt),
        .source("TickerChannel", PackageResources.TickerChannel_swift_txt),
        .source("DeskChannel", PackageResources.DeskChannel_swift_txt),
        .source("DotsChannel", PackageResources.DotsChannel_swift_txt),
        .source("FiguresChannel", PackageResources.FiguresChannel_swift_txt),
        .source("UserChannel", PackageResources.UserChannel_swift_txt),
        .source("CompareChannel", PackageResources.CompareChannel_swift_txt),
    ]

    private static func text(
        _ body: String, status: HTTPResponse.Status = .ok, contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
