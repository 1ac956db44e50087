// Firecrest — judges the two heads of the opening handshake.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore
import NIOHTTP1

/// Reads a head and holds it to RFC 6455 §4; what it agrees on goes into the context.
struct HeadReader {
    var context = HandshakeContext()

    private static let tokenPrefix = "base64url.bearer.phx."

    mutating func read(_ bytes: ByteBuffer, source: Source, offset: Int) -> HeadFinding {
        do throws(HTTPHead.Failure) {
            let head = try HTTPHead(bytes, source: source)
            var finding = HeadFinding(source: source, offset: offset, length: head.length, line: head.line)
            switch source {
            case .client: readRequest(head, &finding)
            case .server: readResponse(head, &finding)
            }
            return finding
        } catch {
            var finding = HeadFinding(
                source: source, offset: offset, length: error.length ?? bytes.readableBytes, line: "")
            if error.length == nil {
                finding.problems = [.inputEnds(at: offset + bytes.readableBytes, error.sentence)]
                finding.opensWebSocket = false
            } else {
                finding.problems = [
                    Problem(
                        offset: offset, kind: "http_head", sentence: error.sentence, rule: "RFC 9112 §2.1",
                        consequence: source == .client ? "answers 400" : "gives up")
                ]
            }
            return finding
        }
    }

    private mutating func readRequest(_ head: HTTPHead, _ finding: inout HeadFinding) {
        let headers = head.headers
        let keys = headers["sec-websocket-key"]
        context.hasRequest = true
        context.key = keys.count == 1 ? keys.first : nil
        context.offers = headers["sec-websocket-extensions"]

        finding.add("host", headers)
        finding.add("upgrade", headers)
        finding.add("connection", headers)
        finding.add("sec-websocket-version", headers) { $0 == WebSocketHandshake.version ? "ok" : "must be 13" }
        finding.add("sec-websocket-key", headers) { key in
            Base64.isSixteenBytes(key)
                ? "16 bytes; the answer must be \(WebSocketHandshake.accept(forKey: key))" : "not 16 bytes in base64"
        }
        finding.add("origin", headers)
        readSubprotocols(headers, &finding)
        finding.add("sec-websocket-extensions", headers) { Self.remark(onOffer: $0) }
        readVersion(head, &finding)
        finding.add("user-agent", headers)

        if let error = WebSocketHandshake.check(
            method: head.method ?? "", host: headers["host"], connection: headers["connection"],
            upgrade: headers["upgrade"], key: keys, version: headers["sec-websocket-version"])
        {
            finding.problems.append(
                Problem(
                    error, at: finding.offset + head.offset(of: Self.field(of: error.kind)),
                    consequence: "answers 400"))
        }
    }

    private mutating func readSubprotocols(_ headers: HTTPHeaders, _ finding: inout HeadFinding) {
        guard let line = headers.first(name: "sec-websocket-protocol") else { return }
        context.subprotocols = line.split(separator: ",").map { Self.trimmed($0) }
        finding.add("sec-websocket-protocol", headers) { _ in
            let tokens = context.subprotocols.filter { $0.hasPrefix(Self.tokenPrefix) }.count
            return tokens == 1 ? "carries an auth token (phoenix.js)" : nil
        }
    }

    private mutating func readVersion(_ head: HTTPHead, _ finding: inout HeadFinding) {
        let query = head.target?.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let values = query.split(separator: "&").filter { $0.hasPrefix("vsn=") }
        guard let text = values.last?.dropFirst(4) else { return }
        let parsed = ProtocolVersion(String(text))
        context.version = ClientCodec.Version.allCases.first { version in
            guard let parsed, let requirement = VersionRequirement("~> " + version.rawValue) else { return false }
            return requirement.accepts(parsed)
        }
        switch context.version {
        case .v1: finding.facts.append(.init(name: "vsn", value: String(text), remark: "messages are JSON objects"))
        case .v2: finding.facts.append(.init(name: "vsn", value: String(text), remark: "messages are JSON arrays"))
        case nil:
            finding.facts.append(.init(name: "vsn", value: String(text), remark: "not served"))
            finding.problems.append(
                Problem(
                    offset: finding.offset, kind: "unsupported_vsn",
                    sentence: "The vsn names no version of the protocol; 1.0.0 and 2.0.0 are.",
                    rule: "Phoenix: vsn ~> 1.0.0 or ~> 2.0.0", consequence: "answers 403"))
        }
    }

    private mutating func readResponse(_ head: HTTPHead, _ finding: inout HeadFinding) {
        let headers = head.headers
        context.hasResponse = true
        finding.opensWebSocket = head.status == 101
        finding.add("upgrade", headers)
        finding.add("connection", headers)
        finding.add("sec-websocket-accept", headers) { value in
            guard let key = context.key else { return "cannot be checked without the request's key" }
            return value == WebSocketHandshake.accept(forKey: key) ? "answers the key" : "does not answer the key"
        }
        finding.add("sec-websocket-protocol", headers)
        finding.add("sec-websocket-extensions", headers) { Self.remark(onOffer: $0) }
        finding.add("sec-websocket-version", headers)
        if head.status != 101 {
            finding.add("content-type", headers)
            finding.add("content-length", headers)
        }
        checkResponse(head, &finding)
    }

    private mutating func checkResponse(_ head: HTTPHead, _ finding: inout HeadFinding) {
        let headers = head.headers
        let accept = headers["sec-websocket-accept"]
        // Without the key the accept value is not to be judged; any pair that belongs together passes.
        let expected = context.key.map { WebSocketHandshake.accept(forKey: $0) }
        if let error = WebSocketHandshake.verify(
            status: head.status ?? 0, upgrade: headers["upgrade"], connection: headers["connection"],
            accept: context.key == nil ? ["\(WebSocketHandshake.accept(forKey: ""))"] : accept,
            forKey: context.key ?? "")
        {
            var problem = Problem(
                error, at: finding.offset + head.offset(of: Self.field(of: error.kind)), consequence: "gives up")
            if error.kind == .accept, let expected { problem.sentence += " Expected \(expected)." }
            finding.problems.append(problem)
        }
        guard head.status == 101 else { return }
        checkExtensions(head, &finding)
        checkSubprotocol(head, &finding)
    }

    private mutating func checkExtensions(_ head: HTTPHead, _ finding: inout HeadFinding) {
        let values = head.headers["sec-websocket-extensions"]
        guard !values.isEmpty else { return }
        let answers = ExtensionParser.parse(values)
        let parameters = answers.count == 1 ? answers.first.flatMap { DeflateParameters($0) } : nil
        context.deflate = parameters
        let offers = ExtensionParser.parse(context.offers)
        let sentence: String? =
            if parameters == nil {
                "The answer is not permessage-deflate with the parameters of RFC 7692."
            } else if context.hasRequest, !offers.contains(where: { $0.name == DeflateNegotiation.extensionName }) {
                "The server accepted permessage-deflate, which was not offered."
            } else if context.hasRequest, parameters?.hasClientMaxWindowBits == true,
                !offers.contains(where: { DeflateParameters($0)?.hasClientMaxWindowBits == true })
            {
                "The server sets client_max_window_bits, which the client did not offer."
            } else {
                nil
            }
        if let sentence {
            finding.problems.append(
                Problem(
                    WebSocketHandshakeError(kind: .extensions, reason: sentence),
                    at: finding.offset + head.offset(of: "sec-websocket-extensions"), consequence: "gives up"))
        }
    }

    private func checkSubprotocol(_ head: HTTPHead, _ finding: inout HeadFinding) {
        let answers = head.headers["sec-websocket-protocol"]
        guard context.hasRequest else { return }
        let sentence: String? =
            if let answer = answers.first {
                context.subprotocols.contains(answer) ? nil : "The server chose a subprotocol that was not offered."
            } else {
                context.subprotocols.isEmpty
                    ? nil : "The client offered subprotocols and the server chose none: browsers give up."
            }
        if let sentence {
            finding.problems.append(
                Problem(
                    offset: finding.offset + head.offset(of: "sec-websocket-protocol"),
                    kind: "handshake_subprotocol", sentence: sentence, rule: "RFC 6455 §4.1", consequence: "gives up"))
        }
    }

    /// What a server that compresses makes of an offer, or what an answer means.
    private static func remark(onOffer value: String) -> String? {
        let parsed = ExtensionParser.parse([value])
        guard let deflate = parsed.lazy.compactMap({ DeflateParameters($0) }).first else {
            return parsed.isEmpty ? "malformed" : "not permessage-deflate"
        }
        var parts: [String] = []
        parts.append(
            "context takeover: client \(deflate.clientNoContextTakeover ? "no" : "yes"), "
                + "server \(deflate.serverNoContextTakeover ? "no" : "yes")")
        parts.append(
            "windows: client \(deflate.clientMaxWindowBits.map(String.init) ?? "15"), "
                + "server \(deflate.serverMaxWindowBits.map(String.init) ?? "15") bits")
        return parts.joined(separator: "; ")
    }

    private static func field(of kind: WebSocketHandshakeError.Kind) -> String {
        switch kind {
        case .method, .status: ""
        case .host: "host"
        case .connection: "connection"
        case .upgrade: "upgrade"
        case .key: "sec-websocket-key"
        case .version: "sec-websocket-version"
        case .accept: "sec-websocket-accept"
        case .extensions: "sec-websocket-extensions"
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text.drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return String(rest)
    }
}

extension HeadFinding {
    fileprivate mutating func add(_ name: String, _ headers: HTTPHeaders, _ remark: (String) -> String? = { _ in nil })
    {
        for value in headers[name] { facts.append(Fact(name: name, value: value, remark: remark(value))) }
    }
}
