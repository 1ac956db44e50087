// Firecrest — fuzzes the negotiation of compression.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

/// Settings: our largest window in the first byte. Each line of the rest is one `Sec-WebSocket-Extensions` header.
struct ExtensionsTarget: FuzzTarget {
    func run(_ input: FuzzInput) {
        var input = input
        let ours = 9 + Int(input.byte() % 7)
        guard let text = input.text else { return }
        let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
        let options = DeflateOptions(serverMaxWindowBits: ours)

        let agreement = DeflateNegotiation.agree(offers: lines, options: options)
        if let agreement {
            require((9...ours).contains(agreement.serverMaxWindowBits), "a window that we do not have: \(agreement)")
            require((8...15).contains(agreement.clientMaxWindowBits), "a window that nobody has: \(agreement)")
            require(text.contains("permessage-deflate"), "what was not offered is agreed")
            // RFC 7692 §7.1.2.2: named only to a client that named it.
            require(agreement.clientMaxWindowBits == 15 || text.contains("client_max_window_bits"), "\(agreement)")
            checkAnswer(agreement, ours: ours)
        }
        // One header of several elements and several headers of one mean the same (RFC 9110 §5.3), within the limits.
        let joined = lines.joined(separator: ",")
        if joined.utf8.count <= 2_048, joined.utf8.count(where: { $0 == UInt8(ascii: ",") }) < 16 {
            require(
                DeflateNegotiation.agree(offers: [joined], options: options) == agreement,
                "joined lines mean something else")
            if joined.utf8.count <= 2_040, joined.utf8.count(where: { $0 == UInt8(ascii: ",") }) < 15 {
                require(
                    DeflateNegotiation.agree(offers: ["x-a;b=1"] + lines, options: options) == agreement,
                    "an unknown extension in front matters")
            }
        }
        confirm(lines)
    }

    /// Our answer is one element with parameters that are known and given once, and what we would agree to.
    private func checkAnswer(_ agreement: DeflateAgreement, ours: Int) {
        let parts = agreement.headerValue.split(separator: ";").map { $0.drop { $0 == " " } }
        let names = parts.map { $0.prefix { $0 != "=" } }
        let known = [
            "permessage-deflate", "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
            "client_max_window_bits",
        ]
        require(Set(names).count == names.count && names.allSatisfy { known.contains(String($0)) }, "\(parts)")
        let again = DeflateNegotiation.agree(
            offers: [agreement.headerValue], options: DeflateOptions(serverMaxWindowBits: ours))
        require(again == agreement, "the answer \(agreement.headerValue) is no offer of the same")
    }

    private func confirm(_ lines: [String]) {
        do throws(WebSocketHandshakeError) {
            guard let agreement = try DeflateNegotiation.confirm(lines) else {
                return require(lines.isEmpty, "an answer is overlooked")
            }
            let text = lines.joined(separator: ",")
            require(text.contains("server_no_context_takeover"), "an answer without what we need is taken")
            require(!text.contains("client_max_window_bits") || text.contains(","), "what was not offered is taken")
            require((8...15).contains(agreement.serverMaxWindowBits), "\(agreement)")
        } catch {
            require(error.kind == .extensions, "\(error)")
        }
    }
}
