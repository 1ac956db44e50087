// Firecrest — the fuzz targets by name.
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// One piece of code that reads what clients send, together with what must be true of it for every input.
protocol FuzzTarget: Sendable {
    /// Calls ``require(_:_:)`` for each property. Returning means that all of them hold.
    func run(_ input: FuzzInput)
}

enum Target {
    static let all: [String: any FuzzTarget] = [
        "frames": FramesTarget(),
        "handshake": HandshakeTarget(),
        "inflate": InflateTarget(),
        "extensions": ExtensionsTarget(),
        "envelope": EnvelopeTarget(),
        "json": JSONTarget(),
        "v1": V1Target(),
        "v2": V2Target(),
        "binary": BinaryTarget(),
        "etf": ETFTarget(),
        "path": PathTarget(),
        "query": QueryTarget(),
        "origin": OriginTarget(),
        "body": BodyTarget(),
        "eventid": EventIDTarget(),
        "token": TokenTarget(),
        "jwt": JWTTarget(),
        "proxy": ProxyTarget(),
        "phoenixtoken": PhoenixTokenTarget(),
        "cookie": CookieTarget(),
        "hub": HubTarget(),
    ]

    static let selected: any FuzzTarget = {
        let name = getenv("FIRECREST_FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = all[name] else {
            fatalError("FIRECREST_FUZZ_TARGET is \"\(name)\", not one of \(all.keys.sorted().joined(separator: ", "))")
        }
        return target
    }()
}

/// Ends the process when a property does not hold: libFuzzer then keeps the input and says where it is.
@inline(__always)
func require(_ condition: Bool, _ property: @autoclosure () -> String) {
    if !condition { fatalError("property violated: \(property())") }
}

/// Whether the harness was built with the mistakes that `make fuzz-selftest` expects to be found.
#if FIRECREST_PLANTED_BUG
let hasPlantedBug = true
#else
let hasPlantedBug = false
#endif
