// Firecrest — fuzzes tokens in Phoenix's format.
// SPDX-License-Identifier: Apache-2.0

@testable internal import Firecrest
internal import FirecrestProtocol
internal import FirecrestWire
internal import FoundationEssentials
internal import NIOCore

/// Settings, in the first byte: 0, the rest is a token; 1, the rest is what stands in a token that we sign, and encrypt, so
/// that what lies behind the signature is reached; otherwise the same, and the two bytes before it say which character of the
/// token is changed, and how.
struct PhoenixTokenTarget: FuzzTarget {
    private static let secret = String(repeating: "a", count: 64)
    private static let salt = "user auth"
    private static let now = Date(timeIntervalSince1970: 1_700_000_100)
    private let token = Token(secretKeyBase: secret)
    private let key = DerivedKeys.shared.key(secret, salt: salt, TokenKeyOptions())

    func run(_ input: FuzzInput) {
        var input = input
        guard let key else { return require(false, "no key") }
        switch input.byte() {
        case 0: if let text = input.text { checkForeign(text, key) }
        case 1: checkContent(input.rest, key)
        default:
            let (place, flip) = (Int(input.byte()), input.byte())
            checkChanged(input.rest, place, flip, key)
        }
    }

    /// Whatever is taken, the holder of the key wrote.
    private func checkForeign(_ text: String, _ key: DerivedKeys.Key) {
        guard let payload = SignedMessage.verify(text, key) else {
            if let message = EncryptedMessage.decrypt(text, key) { checkContent(message, key) }
            return require((try? token.verify(Self.salt, text, maxAge: .infinity)) == nil, "\(text) is taken")
        }
        require(!text.hasPrefix("SFMyNTY") || SignedMessage.sign(payload, key) == text, "\(text) is not what we sign")
        checkContent(payload, key)
    }

    private func checkContent(_ payload: [UInt8], _ key: DerivedKeys.Key) {
        let signed = SignedMessage.sign(payload, key)
        require(SignedMessage.verify(signed, key) == payload, "signed, it is something else")
        let result = Self.result { () throws(TokenError) in try token.verify(Self.salt, signed, now: Self.now) }
        guard let encrypted = EncryptedMessage.encrypt(payload, key) else { return require(false, "no cipher") }
        let other = Self.result { () throws(TokenError) in try token.decrypt(Self.salt, encrypted, now: Self.now) }
        require(result == other, "signed it is \(result), encrypted \(other)")
        guard let content = try? ETFTerm(decoding: payload, limits: TokenContent.limits) else {
            return require(result == .failure(.invalid), "what is no term is \(result)")
        }
        checkAge(content, result)
        guard case .success(let data) = result else { return }
        let again = try? token.sign(Self.salt, data, signedAt: Self.now, maxAge: .seconds(1))
        let read = try? token.verify(Self.salt, again, now: Self.now)
        require(read == data, "\(data) is read again as \(String(describing: read))")
    }

    /// A second reading of the ages, of tokens with three parts and whole numbers.
    private func checkAge(_ content: ETFTerm, _ result: Result<JSON, TokenError>) {
        guard case .tuple(let parts) = content, parts.count == 3, case .integer(let signed) = parts[1],
            case .integer(let age) = parts[2]
        else { return }
        let now = Int128(Self.now.timeIntervalSince1970 * 1_000)
        // The mistake planted for the self-test: a token of the next quarter of an hour is good.
        let isOfThePast = signed <= now + (hasPlantedBug ? 1_000_000 : 0)
        let isGood = age > 0 && isOfThePast && signed + age * 1_000 >= now
        switch result {
        case .success, .failure(.unsupportedData): require(isGood, "\(content) is good")
        case .failure(let error): require(!isGood, "\(content) is \(error)")
        }
    }

    private func checkChanged(_ payload: [UInt8], _ place: Int, _ flip: UInt8, _ key: DerivedKeys.Key) {
        guard flip != 0, let encrypted = EncryptedMessage.encrypt(payload, key) else { return }
        for text in [SignedMessage.sign(payload, key), encrypted] {
            var bytes = Array(text.utf8)
            bytes[place % bytes.count] ^= flip
            guard let changed = String(validating: bytes, as: UTF8.self) else { continue }
            require(SignedMessage.verify(changed, key) == nil, "\(changed) is taken")
            require(EncryptedMessage.decrypt(changed, key) == nil, "\(changed) is taken")
        }
    }

    private static func result(_ body: () throws(TokenError) -> JSON) -> Result<JSON, TokenError> {
        do throws(TokenError) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }
}
