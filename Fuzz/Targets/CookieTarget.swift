// Firecrest — fuzzes cookies: the header, the session in one, and its CSRF token.
// SPDX-License-Identifier: Apache-2.0

@testable internal import Firecrest
internal import FirecrestProtocol
internal import FirecrestWire
internal import NIOCore

/// Settings, in the first byte: 0, the rest are `Cookie` headers, one a line; 1, the rest is what stands in a cookie that we
/// sign; 2, the rest is a cookie's value; otherwise 24 bytes of a session's CSRF token, and a client's.
struct CookieTarget: FuzzTarget {
    private static let options = SessionOptions(
        key: "k", signingSalt: "salt", secretKeyBase: String(repeating: "a", count: 64))
    private let signed = SessionCookies(options)
    private let encrypted: SessionCookies? = {
        var options = CookieTarget.options
        options.encryptionSalt = "other salt"
        return SessionCookies(options)
    }()

    func run(_ input: FuzzInput) {
        var input = input
        switch input.byte() {
        case 0: if let text = input.text { checkHeaders(text) }
        case 1: checkContent(input.rest)
        case 2: if let text = input.text { checkForeign(text) }
        default: checkCSRF(input.rest)
        }
    }

    // MARK: headers

    private func checkHeaders(_ text: String) {
        let headers = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var expected: [UInt8]?
        for header in headers {
            if let value = Self.plug(Array(header.utf8)).first(where: { $0.key == [0x6B] })?.value { expected = value }
        }
        let found = CookieHeader.value(of: "k", in: headers).map { Array($0.utf8) }
        require(found == expected, "\(text) has \(String(describing: found)), not \(String(describing: expected))")
    }

    /// Plug.Conn.Cookies.decode, state by state.
    private static func plug(_ bytes: [UInt8]) -> [(key: [UInt8], value: [UInt8])] {
        enum State { case pair, key, value, skip }
        var (state, key, value) = (State.pair, [UInt8](), [UInt8]())
        var pairs: [(key: [UInt8], value: [UInt8])] = []
        func end() {
            while value.last == 0x20 { value.removeLast() }
            pairs.append((key, value))
        }
        for byte in bytes {
            // The mistake planted for the self-test: a vertical tab is a character as any other.
            let isControl = (0x09...0x0D).contains(byte) && !(hasPlantedBug && byte == 0x0B)
            if state == .pair {
                guard byte != 0x20, byte != 0x09 else { continue }
                (state, key, value) = (.key, [], [])
            }
            switch (state, byte) {
            case (.value, 0x3B):
                end()
                state = .pair
            case (_, 0x3B): state = .pair
            case (.key, 0x20): state = .skip
            case (.key, 0x3D): state = key.isEmpty ? .skip : .value
            case (.key, _), (.value, _):
                if isControl { state = .skip } else if state == .key { key.append(byte) } else { value.append(byte) }
            default: break
            }
        }
        if state == .value { end() }
        return pairs
    }

    // MARK: sessions

    private func checkContent(_ content: [UInt8]) {
        guard let signed, let encrypted,
            let key = DerivedKeys.shared.key(
                String(repeating: "a", count: 64), salt: "salt", TokenKeyOptions())
        else { return require(false, "no key") }
        let term = try? ETFTerm(decoding: content, limits: ETFLimits(maxDepth: 64, atoms: .text, keys: .any))
        let isMap = if case .map = term { true } else { false }
        let session = signed.read(SignedMessage.sign(content, key))
        require((session != nil) == isMap, "\(content) is \(session == nil ? "no" : "a") session")
        guard var session else { return }
        for name in session.keys { _ = (session[name], session.bytes(name)) }
        for cookies in [signed, encrypted] {
            guard let cookie = cookies.write(session) else { return require(false, "\(content) cannot be written") }
            require(cookies.read(cookie)?.term == session.term, "\(content) is read again as something else")
        }
        session["new"] = ["a": 1]
        require(session["new"] == ["a": 1] && session.keys.contains("new"), "a value that is set is not there")
        session["new"] = nil
        require(!session.keys.contains("new"), "a value that is removed is there")
    }

    private func checkForeign(_ text: String) {
        if let signed, let session = signed.read(text) {
            require(text.hasPrefix("SFM"), "\(text) is a signed session: \(session.keys)")
        }
        require(encrypted?.read(text) == nil || text.hasPrefix("XCP."), "\(text) is an encrypted session")
    }

    // MARK: CSRF

    private func checkCSRF(_ bytes: [UInt8]) {
        guard bytes.count >= 24, let text = String(validating: bytes[24...], as: UTF8.self) else { return }
        let token = Array(bytes[..<24])
        guard let face = CSRFToken.masked(token) else { return require(false, "no face") }
        // A mask is text: a face of bytes that are none is valid all the same.
        require(CSRFToken.isValid(face, for: token), "\(face) is no face of \(token)")
        guard CSRFToken.isValid(text, for: token) else { return }
        let mask = Array(text.utf8.suffix(24))
        let written = Base64URL.encode(zip(token, mask).map { $0 ^ $1 }) + String(decoding: mask, as: UTF8.self)
        require(written == text, "\(text) is taken for \(written)")
    }
}
