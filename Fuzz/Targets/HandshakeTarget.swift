// Firecrest — fuzzes both halves of the opening handshake.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// Each line is a letter for what it sets, and its value: `mGET`, `hexample.com`, `cUpgrade`, `uwebsocket`, `k…`, `v13`,
/// `a…` for the accept key of an answer. A letter may come several times, as a header may.
struct HandshakeTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        guard let text = input.text else { return }
        var values: [Character: [String]] = [:]
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true) {
            guard let first = line.first else { continue }
            values[Character(Unicode.Scalar(first)), default: []].append(String(Substring(line.dropFirst())))
        }
        let method = values["m"]?.last ?? "GET"
        let (host, connection, upgrade) = (values["h"] ?? [], values["c"] ?? [], values["u"] ?? [])
        let (key, version) = (values["k"] ?? [], values["v"] ?? [])

        let refusal = WebSocketHandshake.check(
            method: method, host: host, connection: connection, upgrade: upgrade, key: key, version: version)
        let isInOrder =
            method == "GET" && host.count == 1 && host != [""] && Self.lists("upgrade", connection)
            && Self.lists("websocket", upgrade) && version == ["13"] && key.count == 1 && Self.isKey(key[0])
        require((refusal == nil) == isInOrder, "RFC 6455 says \(isInOrder), not \(String(describing: refusal))")
        if let refusal {
            require(refusal.reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "the reason is not plain ASCII")
            require(refusal.sendsVersion == (refusal.kind == .version), "only a wrong version is answered with ours")
        }

        // The client's half, with what a server answers and with what the fuzzer makes of it.
        let nonce = key.first ?? ""
        let accept = WebSocketHandshake.accept(forKey: nonce)
        require(accept.utf8.count == 28 && accept.hasSuffix("="), "an accept key is 20 bytes in base64")
        if refusal == nil {
            let answer = WebSocketHandshake.verify(
                status: 101, upgrade: upgrade, connection: connection, accept: [accept], forKey: nonce)
            require(answer == nil, "our own answer is refused")
            let other = WebSocketHandshake.verify(
                status: 101, upgrade: upgrade, connection: connection, accept: [accept], forKey: nonce + "x")
            require(other?.kind == .accept, "an answer to another key is taken")
        }
        if let guess = values["a"] {
            let answer = WebSocketHandshake.verify(
                status: 101, upgrade: ["websocket"], connection: ["Upgrade"], accept: guess, forKey: nonce)
            require((answer == nil) == (guess == [accept]), "an answer is taken that is none")
        }
    }

    /// Whether the headers list a token, whatever its case (RFC 9110 §5.6.1).
    private static func lists(_ token: String, _ values: [String]) -> Bool {
        values.joined(separator: ",").utf8.split(separator: UInt8(ascii: ",")).contains { element in
            let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
            let word = element.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
            return word.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 } == Array(token.utf8)
        }
    }

    /// 16 bytes in base64 (RFC 6455 §4.2.1, item 5).
    private static func isKey(_ key: String) -> Bool {
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        let bytes = Array(key.utf8)
        return bytes.count == 24 && bytes[..<22].allSatisfy(digits.contains) && bytes[22...] == [0x3D, 0x3D]
    }
}
