// Firecrest — fuzzes JSON Web Tokens.
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Firecrest
@testable internal import FirecrestJWT
internal import FirecrestProtocol
internal import FirecrestWire
internal import FoundationEssentials

/// Settings: what the rest is (a token; claims; a header), how far the clocks are apart, most grants, and what is required.
struct JWTTarget: FuzzTarget {
    /// The secret that the tokens among the seeds were made with.
    private static let secret = SymmetricKey(data: Array("a secret for fuzzing, known to all".utf8))
    private static let now = 1_800_000_000.0
    private static let maxBytes = 1_024

    /// The one key that signs, for HS256.
    private struct MacKey: SignatureCheck {
        func isValid(_ signature: [UInt8], for signed: [UInt8]) -> Bool {
            HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: secret)
        }
    }

    /// Takes everything, for ES256: whoever gets here by another name has got past the checks.
    private struct OpenKey: SignatureCheck {
        func isValid(_ signature: [UInt8], for signed: [UInt8]) -> Bool { true }
    }

    private let keys: KeySet = {
        var keys = KeySet()
        try? keys.add(MacKey(), .hs256, id: "mac")
        try? keys.add(OpenKey(), .es256, id: "open")
        try? keys.add(OpenKey(), .es256, id: "also open")
        return keys
    }()

    func run(_ input: FuzzInput) {
        var input = input
        let mode = input.byte() % 3
        let (skew, grants, flags) = (input.byte(), input.byte(), input.byte())
        guard let text = input.text else { return }
        var options = JWTVerifierOptions(
            keys: [], issuer: flags & 1 == 0 ? .required("i") : .optional("i", "j"),
            audience: flags & 2 == 0 ? .required("a") : .ignored)
        options.clockSkew = .seconds(Int(skew))
        options.maxGrants = 1 + Int(grants % 8)
        options.maxTokenBytes = Self.maxBytes
        options.requiresExpiry = flags & 4 == 0
        options.requiresTopics = flags & 8 != 0
        options.requiredClaims = flags & 16 == 0 ? [] : ["sub"]
        options.topicsClaim = flags & 32 == 0 ? "topics" : nil
        switch mode {
        case 0: checkToken(text, options)
        case 1: checkClaims(text, options)
        default: checkHeader(text, options)
        }
    }

    private func verify(_ token: String, _ options: JWTVerifierOptions) -> Result<CheckedToken, JWTVerifierError> {
        Result { () throws(JWTVerifierError) in try TokenRules(options).verify(token, keys: keys, now: Self.now) }
    }

    // MARK: tokens

    private func checkToken(_ text: String, _ options: JWTVerifierOptions) {
        guard case .success(let token) = verify(text, options) else { return }
        require(text.utf8.count <= Self.maxBytes, "\(text.utf8.count) bytes were looked at")
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        require(parts.count == 3 && parts.allSatisfy { !$0.isEmpty }, "\(text) has not three parts")
        guard let header = Self.decoded(parts[0])?.objectValue, let claims = Self.decoded(parts[1]) else {
            return require(false, "\(text) has no JSON in it")
        }
        checkNames(header, token.algorithm)
        require(claims == token.claims.json, "\(claims) was read as \(token.claims.json)")
        guard token.algorithm == .hs256 else { return }
        let mac = HMAC<SHA256>.authenticationCode(for: Array((parts[0] + "." + parts[1]).utf8), using: Self.secret)
        require(parts[2] == Base64URL.encode(Array(mac)), "\(text) is not what we sign")
    }

    /// A key is found by what the header says, and by nothing less.
    private func checkNames(_ header: [String: JSON], _ algorithm: JWSAlgorithm) {
        require(header["alg"] == .string(algorithm.rawValue), "\(header) was taken as \(algorithm)")
        require(header["crit"] == nil, "\(header) was taken")
        let ids: [JSON?] = algorithm == .hs256 ? [nil, "mac"] : ["open", "also open"]
        require(algorithm == .hs256 || algorithm == .es256, "there is no key for \(algorithm)")
        require(ids.contains(header["kid"]), "\(header) names no key")
    }

    private static func decoded(_ part: String) -> JSON? {
        Base64URL.decode(part.utf8).flatMap { try? JSON(parsing: $0.span) }
    }

    // MARK: headers

    private func checkHeader(_ text: String, _ options: JWTVerifierOptions) {
        let claims = #"{"iss":"i","aud":"a","sub":"s","exp":1800000001,"topics":[]}"#
        let token = Self.sign(header: text, claims: claims)
        guard token.utf8.count <= Self.maxBytes else { return }
        let header = (try? JSON(parsing: Array(text.utf8).span, limits: JSONLimits(maxDepth: 32)))?.objectValue
        switch verify(token, options) {
        case .success(let token):
            guard let header else { return require(false, "\(text) is no header") }
            checkNames(header, token.algorithm)
        case .failure(let error):
            guard let header, header["crit"] == nil, header["typ"].map({ $0.stringValue != nil }) != false else {
                return
            }
            let isMac = header["alg"] == "HS256" && [nil, "mac"].contains(header["kid"])
            require(!isMac, "\(text) was refused: \(error)")
        }
    }

    // MARK: claims

    private func checkClaims(_ text: String, _ options: JWTVerifierOptions) {
        let token = Self.sign(header: #"{"alg":"HS256","kid":"mac"}"#, claims: text)
        guard token.utf8.count <= Self.maxBytes else { return }
        let json = try? JSON(parsing: Array(text.utf8).span, limits: JSONLimits(maxDepth: 32))
        let problems = json?.objectValue.map { Self.problems($0, options) } ?? [.malformed]
        switch verify(token, options) {
        case .success(let token):
            require(problems.isEmpty, "\(text) was taken in spite of \(problems)")
            checkGrant(token, options)
        case .failure(let error):
            require(problems.contains(error.code), "\(text) was refused: \(error); not \(problems)")
        }
    }

    private static func sign(header: String, claims: String) -> String {
        let signed = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        let mac = HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: secret)
        return signed + "." + Base64URL.encode(Array(mac))
    }

    /// All that is wrong with claims, in no order.
    private static func problems(_ claims: [String: JSON], _ options: JWTVerifierOptions) -> Set<JWTVerifierError.Code>
    {
        var problems: Set<JWTVerifierError.Code> = []
        func expect(_ holds: Bool, _ code: JWTVerifierError.Code) { if !holds { problems.insert(code) } }
        let skew = Double(options.clockSkew.components.seconds)
        for name in ["sub", "iss", "jti"] where claims[name] != nil {
            expect(claims[name]?.stringValue != nil, .claimMalformed)
        }
        for (name, code) in [("exp", JWTVerifierError.Code.expired), ("nbf", .notYetValid), ("iat", .issuedInFuture)] {
            guard let claim = claims[name] else {
                expect(name != "exp" || !options.requiresExpiry, .claimMissing)
                continue
            }
            guard let time = claim.doubleValue, time >= 0, time < 253_402_300_800 - 0.5 else {
                problems.insert(.claimMalformed)
                continue
            }
            expect(name == "exp" ? time + skew > now : time - skew <= now, code)
        }
        let issuers = options.issuer == .required("i") ? ["i"] : ["i", "j"]
        if let issuer = claims["iss"] {
            expect(issuer.stringValue.map(issuers.contains) != false, .wrongIssuer)
        } else {
            expect(issuers.count == 2, .wrongIssuer)
        }
        let audiences = claims["aud"].map { $0.arrayValue ?? [$0] }
        expect(audiences?.allSatisfy { $0.stringValue != nil } != false, .claimMalformed)
        if options.audience != .ignored { expect(audiences?.contains("a") == true, .wrongAudience) }
        for name in options.requiredClaims { expect(claims[name].map { !$0.isNull } == true, .claimMissing) }
        if options.topicsClaim != nil { problems.formUnion(self.problems(ofTopics: claims["topics"], options)) }
        return problems
    }

    private static func problems(ofTopics claim: JSON?, _ options: JWTVerifierOptions) -> Set<JWTVerifierError.Code> {
        guard let claim else { return options.requiresTopics ? [.claimMissing] : [] }
        let most = options.maxGrants + (hasPlantedBug ? 1 : 0)
        var members = claim.objectValue ?? [:]
        if let items = claim.arrayValue {
            guard items.count <= most else { return [.tooManyGrants] }
            guard items.allSatisfy({ $0.stringValue != nil }) else { return [.claimMalformed] }
            members = Dictionary(items.compactMap(\.stringValue).map { ($0, true) }) { one, _ in one }
        } else if claim.objectValue == nil {
            return [.claimMalformed]
        }
        guard members.count <= most else { return [.tooManyGrants] }
        for (name, value) in members {
            let stars = name.utf8.filter { $0 == UInt8(ascii: "*") }.count
            guard !name.isEmpty, stars == 0 || stars == 1 && name.utf8.last == UInt8(ascii: "*") else {
                return [.claimMalformed]
            }
            if let end = value["exp"] {
                guard let time = end.doubleValue, 0...253_402_300_799 ~= time else { return [.claimMalformed] }
            }
            guard isAll(value) || events(value) != nil else { return [.claimMalformed] }
        }
        return []
    }

    private static func isAll(_ value: JSON) -> Bool {
        let events = value.objectValue == nil ? value : value["events"] ?? true
        return events == true || events == "*"
    }

    private static func events(_ value: JSON) -> [String]? {
        let items = (value.objectValue == nil ? value : value["events"])?.arrayValue
        let names = items?.prefix { $0 != "*" }.map(\.stringValue)
        return names.flatMap { $0.contains(nil) ? nil : $0.compactMap(\.self) }
    }

    private func checkGrant(_ token: CheckedToken, _ options: JWTVerifierOptions) {
        let (claims, grant) = (token.claims.json, token.grant)
        let skew = Double(options.clockSkew.components.seconds)
        require(
            grant.expiresAt?.timeIntervalSince1970 == claims["exp"]?.doubleValue.map { $0 + skew },
            "\(grant) of \(claims)")
        guard let claim = options.topicsClaim.flatMap({ claims[$0] }) else {
            return require(grant.topics == nil, "\(grant) of no claim")
        }
        guard let topics = grant.topics else { return require(false, "no grant of \(claim)") }
        require(topics.count <= options.maxGrants, "\(topics.count) grants")
        require(topics.count == claim.objectValue?.count ?? claim.arrayValue?.count, "\(grant) of \(claim)")
        for topic in topics {
            guard let value = claim.objectValue.map({ $0[topic.pattern.description] }) ?? true else {
                return require(false, "\(topic) is not in \(claim)")
            }
            if let events = topic.events {
                require(!Self.isAll(value) && events == Self.events(value), "\(topic) of \(value)")
            } else {
                require(
                    Self.isAll(value) || (value.arrayValue ?? value["events"]?.arrayValue)?.contains("*") == true,
                    "\(topic) of \(value)")
            }
        }
    }
}
