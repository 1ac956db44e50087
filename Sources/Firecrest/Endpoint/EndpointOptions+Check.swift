// Firecrest — an endpoint's options checked at start.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestProtocol

extension EndpointOptions {
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check() throws(OptionError) {
        let check = OptionCheck(owner: "the endpoint")
        try check.expect(!listen.isEmpty, "listen", "is empty; name at least one address to listen at")
        for address in listen { try Self.check(address, check) }
        if let malformed = trustedProxies.malformedAddress {
            throw OptionError(
                .malformed, option: "trustedProxies of the endpoint",
                sentence:
                    "has the entry \"\(malformed)\"; write an address (127.0.0.1), a range without bits beyond its "
                    + "prefix (10.0.0.0/8), or unix")
        }
        if let loops { try check.number("loops", loops, 1...1_024) }
        try check.number("backlog", Int(backlog), 1...Int(Int32.max))
        try check.time("shutdownTimeout", shutdownTimeout, allowsZero: true)
        try check.time("metricsInterval", metricsInterval)
        try check.time("hotTopicDelay", hotTopicDelay)
        if let maxConnections { try check.limit("maxConnections", maxConnections) }
        if let maxConnectionsPerAddress { try check.limit("maxConnectionsPerAddress", maxConnectionsPerAddress) }
        for (name, rate) in [("acceptRate", acceptRate), ("joinRate", joinRate)] {
            if let problem = rate?.problem { try check.expect(false, name, problem, .outOfRange) }
        }
        try check.limit("maxWaitingJoins", maxWaitingJoins)
        try check.limit("maxWaitingJoinBytes", maxWaitingJoinBytes, "bytes")
        try check.time("loopStallThreshold", loopStallThreshold)
        try check.time("loopStallLimit", loopStallLimit)
        try check.expect(
            !nodeName.isEmpty && nodeName.utf8.count <= 255, "nodeName",
            "has \(nodeName.utf8.count) bytes; it must have 1 to 255")
        if let secretKeyBase {
            try check.expect(
                secretKeyBase.utf8.count >= 64, "secretKeyBase",
                "has \(secretKeyBase.utf8.count) bytes; it must have at least 64, chosen at random")
        }
        if let host {
            // What is compared with an origin's host has to be written like one.
            let isBareHost = Origin("//\(host)").host == host || Origin("//[\(host)]").host == host
            try check.expect(
                isBareHost && !host.isEmpty, "host",
                "is \"\(host)\"; it must be a host name or address alone, for example example.com")
        }
        try http.check()
        try message.check()
    }

    private static func check(_ address: ListenAddress, _ check: OptionCheck) throws(OptionError) {
        switch address.kind {
        case .hostname(let host, let port):
            try check.number("listen", port, 0...65_535, "(a port)")
            try check.expect(!host.isEmpty, "listen", "has an empty host; write an address, for example 127.0.0.1")
        case .unixSocket(let path, _):
            // sockaddr_un.sun_path, with the zero at its end.
            try check.expect(
                (1...107).contains(path.utf8.count), "listen",
                "has a Unix socket path of \(path.utf8.count) bytes; it must have 1 to 107")
        case .descriptor(let number):
            try check.number("listen", Int(number), 0...Int(Int32.max), "(a descriptor)")
        case .handedDown: break
        }
        if let tls = address.tls { try check.time("listen.tls.handshakeTimeout", tls.handshakeTimeout) }
    }
}

extension HTTPLimits {
    func check() throws(OptionError) {
        let check = OptionCheck(owner: "the endpoint", group: "http.")
        try check.limit("maxTargetBytes", maxTargetBytes, "bytes")
        try check.limit("maxHeaderFieldBytes", maxHeaderFieldBytes, "bytes")
        try check.limit("maxHeaderBytes", maxHeaderBytes, "bytes")
        // swift-http-types, which routes get the fields in, traps at 65,535.
        try check.number("maxHeaderFields", maxHeaderFields, 1...65_000)
        try check.number("maxBodyBytes", maxBodyBytes, 0...Int.max, "bytes")
        try check.time("headerTimeout", headerTimeout)
        try check.time("bodyTimeout", bodyTimeout)
        try check.time("keepAliveTimeout", keepAliveTimeout)
    }
}

extension MessageLimits {
    func check() throws(OptionError) {
        let check = OptionCheck(owner: "the endpoint", group: "message.")
        try check.limit("maxTopicBytes", maxTopicBytes, "bytes")
        try check.limit("maxEventBytes", maxEventBytes, "bytes")
        // The envelope's own array, and an object in it.
        try check.number("maxJSONDepth", maxJSONDepth, 2...1_024)
        try check.number("maxTermDepth", maxTermDepth, 2...1_024)
        // The envelope, its five parts, and a pair or two in the payload.
        try check.number("maxTermItems", maxTermItems, 10...Int.max)
        try check.number("maxTupleArity", maxTupleArity, 0...Int(UInt32.max))
        // `undefined` and the others must fit.
        try check.number("maxAtomBytes", maxAtomBytes, 9...65_535, "bytes")
    }
}
