// Firecrest — the keys of a verifier, found by algorithm and id.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest

/// What a key can do: tell whether it made a signature.
package protocol SignatureCheck: Sendable {
    /// Never throws and never traps, whatever the bytes are. The time does not tell where a signature is wrong.
    func isValid(_ signature: [UInt8], for signed: [UInt8]) -> Bool
}

/// Keys by algorithm and id. At most one is tried for a token, so that a token costs one signature at most.
package struct KeySet: Sendable {
    /// Ids are compared as bytes: two texts that only look the same are two.
    private struct Name: Hashable {
        let algorithm: JWSAlgorithm
        let id: [UInt8]?
    }

    private var keys: [Name: any SignatureCheck] = [:]
    /// How many keys an algorithm has, and one of them.
    private var only: [JWSAlgorithm: (count: Int, key: any SignatureCheck)] = [:]

    package init() {}

    package var isEmpty: Bool { keys.isEmpty }
    package var count: Int { keys.count }

    package func hasKeys(for algorithm: JWSAlgorithm) -> Bool { only[algorithm] != nil }

    /// - Throws: `keyAmbiguous` for a second key of one algorithm and id, or without an id.
    package mutating func add(
        _ key: any SignatureCheck, _ algorithm: JWSAlgorithm, id: String?
    ) throws(JWTVerifierError) {
        let name = Name(algorithm: algorithm, id: id.map { Array($0.utf8) })
        guard keys.updateValue(key, forKey: name) == nil else {
            throw JWTVerifierError(
                .keyAmbiguous,
                id.map { "There are two keys for \(algorithm.rawValue) with the id \"\($0.forLog(64))\"." }
                    ?? "There are two keys for \(algorithm.rawValue) without an id; give each one.")
        }
        only[algorithm] = ((only[algorithm]?.count ?? 0) + 1, key)
    }

    /// The key for a token: the one of its id; or the one without an id; or, for a token that names none, the only one.
    package func key(_ algorithm: JWSAlgorithm, id: String?) -> (any SignatureCheck)? {
        if let id, let key = keys[Name(algorithm: algorithm, id: Array(id.utf8))] { return key }
        if let key = keys[Name(algorithm: algorithm, id: nil)] { return key }
        guard id == nil, let only = only[algorithm], only.count == 1 else { return nil }
        return only.key
    }
}
