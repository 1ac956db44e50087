// Firecrest — a mount's WebSocket options checked at start.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire

extension WebSocketOptions {
    /// - Parameter mount: the mount's path, for the error.
    /// - Throws: `OptionError` for the first option with a wrong value.
    func check(mount: String) throws(OptionError) {
        let check = OptionCheck(owner: "the WebSocket at \(mount)")
        if let problem = MountPath.problem(path) { try check.expect(false, "path", problem) }
        try check.time("timeout", timeout)
        try check.time("pingInterval", pingInterval)
        try check.time("pongTimeout", pongTimeout)
        try check.time("connectTimeout", connectTimeout)
        try check.limit("maxMessageBytes", maxMessageBytes, "bytes")
        try check.limit("maxFrameBytes", maxFrameBytes, "bytes")
        try check.limit("maxFragments", maxFragments)
        try check.limit("maxInflateRatio", maxInflateRatio)
        try check.limit("maxOutboundBytes", maxOutboundBytes, "bytes")
        try check.number("compress.level", compress.level, 1...9)
        try check.number("compress.memoryLevel", compress.memoryLevel, 1...9)
        try check.number("compress.windowBits", compress.windowBits, 9...15)
        try check.number("compress.minimumBytes", compress.minimumBytes, 0...OptionCheck.ceiling, "bytes")
        try checkSubprotocols(check)
        try check.connectInfo(connectInfo)
        try checkRefusal(check)
    }

    private func checkSubprotocols(_ check: OptionCheck) throws(OptionError) {
        guard let subprotocols else { return }
        try check.expect(
            !subprotocols.isEmpty || takesAuthToken, "subprotocols",
            "is an empty list, which refuses every client that offers one; nil means that offers are not looked at")
        for (index, name) in subprotocols.enumerated() {
            try check.expect(
                name.isHTTPToken, "subprotocols",
                "has the entry \"\(name)\"; it must be a token: letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 §5.6.2)")
            try check.expect(
                !subprotocols[..<index].contains(name), "subprotocols", "has the entry \"\(name)\" twice", .conflict)
        }
    }

    private func checkRefusal(_ check: OptionCheck) throws(OptionError) {
        guard let code = refusal.closeCode else { return }
        try check.expect(
            CloseCode.isAllowedOnWire(code.rawValue), "refusal",
            "closes with \(code.rawValue), which no close frame may carry; "
                + "1008 lets phoenix.js come back, 1000 keeps it away", .outOfRange)
        try check.expect(
            errorHandler == nil, "errorHandler",
            "makes HTTP answers, but refusal says that refusals are told on accepted connections; choose one", .conflict
        )
    }
}
