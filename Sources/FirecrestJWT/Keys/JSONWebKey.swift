// Firecrest — the keys of a JWK set that are of use (RFC 7517).
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestProtocol

/// One public key or secret of a set, bound to its algorithm. What a private key has beyond it is not read.
struct JSONWebKey {
    let algorithm: JWSAlgorithm
    let id: String?
    /// For messages: the id, or the place in the set.
    let label: String
    private(set) var secret: [UInt8] = []
    private(set) var x = ""
    private(set) var y = ""
    private(set) var modulus = ""
    private(set) var exponent = ""

    /// The keys of a set that are for signatures with one of `algorithms`.
    ///
    /// - Throws: `keyMalformed` when it is no set, or one of those keys is not whole; `keyTooWeak`; `keyAmbiguous` for a
    ///   key without `alg` that several of `algorithms` fit.
    static func read(
        _ bytes: [UInt8], for algorithms: [JWSAlgorithm], _ place: String
    ) throws(JWTVerifierError) -> [JSONWebKey] {
        guard let json = try? JSON(parsing: bytes.span), let keys = json["keys"]?.arrayValue else {
            throw JWTVerifierError(.keyMalformed, "\(place) is no JWK set: a JSON object with an array named keys.")
        }
        var found: [JSONWebKey] = []
        for (index, key) in keys.enumerated() {
            let id = key["kid"]?.stringValue
            let label = id.map { "\"\($0.forLog(64))\"" } ?? "number \(index + 1)"
            guard let algorithm = try algorithm(of: key, among: algorithms, "\(place), key \(label)") else { continue }
            found.append(try JSONWebKey(key, algorithm, id: id, label: label, "\(place), key \(label)"))
        }
        return found
    }

    /// nil for a key that is not for us: of another type, curve, algorithm or use (RFC 7517 §5).
    private static func algorithm(
        of key: JSON, among algorithms: [JWSAlgorithm], _ place: String
    ) throws(JWTVerifierError) -> JWSAlgorithm? {
        guard key["use"].map({ $0.stringValue == "sig" }) != false,
            key["key_ops"].map({ $0.arrayValue?.contains("verify") == true }) != false
        else { return nil }
        var fitting = algorithms.filter {
            $0.family.rawValue == key["kty"]?.stringValue && ($0.curve == nil || $0.curve == key["crv"]?.stringValue)
        }
        if let name = key["alg"] {
            let named = name.stringValue.flatMap { JWSAlgorithm(name: $0) }
            fitting = fitting.filter { $0 == named }
        }
        guard Set(fitting).count < 2 else {
            let names = fitting.map(\.rawValue).joined(separator: ", ")
            throw JWTVerifierError(.keyAmbiguous, "\(place) has no alg and could be for any of \(names).")
        }
        return fitting.first
    }

    private init(
        _ key: JSON, _ algorithm: JWSAlgorithm, id: String?, label: String, _ place: String
    ) throws(JWTVerifierError) {
        (self.algorithm, self.id, self.label) = (algorithm, id, label)
        func member(_ name: String) throws(JWTVerifierError) -> String {
            guard let text = key[name]?.stringValue, !text.isEmpty else {
                throw JWTVerifierError(.keyMalformed, "\(place) has no \(name).")
            }
            return text
        }
        switch algorithm.family {
        case .secret:
            guard let bytes = Base64URL.decode(try member("k").utf8) else {
                throw JWTVerifierError(.keyMalformed, "\(place) has a k that is not base64url.")
            }
            try algorithm.checkSecret(bytes, place)
            secret = bytes
        case .rsa: (modulus, exponent) = (try member("n"), try member("e"))
        case .ellipticCurve: (x, y) = (try member("x"), try member("y"))
        case .edwardsCurve: x = try member("x")
        }
    }
}

extension JWSAlgorithm {
    /// - Throws: `keyTooWeak`, and `keyMalformed` for a key in PEM: the text of a public key is no secret, whoever
    ///   configured it as one.
    func checkSecret(_ bytes: [UInt8], _ place: String) throws(JWTVerifierError) {
        guard !String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") else {
            throw JWTVerifierError(.keyMalformed, "\(place) is a key in PEM, not a secret.")
        }
        guard bytes.count >= minSecretBytes else {
            throw JWTVerifierError(
                .keyTooWeak,
                "\(place) has \(bytes.count) bytes; \(rawValue) needs at least \(minSecretBytes) (RFC 7518 section 3.2)."
            )
        }
    }
}
