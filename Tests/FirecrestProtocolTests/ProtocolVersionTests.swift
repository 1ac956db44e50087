// Firecrest — which `vsn` is which serializer (protocol notes, section 1.3)
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import Testing

@Suite("Protocol version")
struct ProtocolVersionTests {
    @Test(
        "`~> 1.0.0` and `~> 2.0.0` take what Phoenix takes",
        arguments: [
            ("1.0.0", true, false),
            ("1.0.7", true, false),
            ("1.1.0", false, false),
            ("2.0.0", false, true),
            ("2.0.9", false, true),
            ("2.1.0", false, false),
            ("3.0.0", false, false),
            ("0.0.0", false, false),
            ("2.0.0-rc.1", false, false),
            ("1.0.0-0", false, false),
            ("2.0.1-rc.1", false, true),
            ("2.0.0+b1", false, true),
            ("2.0.0+b-1.x", false, true),
            ("2.0.0-rc.1+b1", false, false),
            ("2.0.999999999", false, true),
        ])
    func table(text: String, isV1: Bool, isV2: Bool) throws {
        let version = try #require(ProtocolVersion(text))
        #expect(version.isCompatible(withMajor: 1) == isV1)
        #expect(version.isCompatible(withMajor: 2) == isV2)
    }

    @Test(
        "what is no full version is none at all",
        arguments: [
            "", "2", "2.0", "2.0.0.0", "02.0.0", "2.00.0", "2.0.01", "v2.0.0", " 2.0.0", "2.0.0 ", "2..0", ".0.0",
            "2.0.",
            "2.0.x", "-2.0.0", "+2.0.0", "2.0.0-", "2.0.0+", "2.0.0-a..b", "2.0.0+a..b", "2.0.0-ä", "2.0.0+a+b",
            "2,0,0",
            "٢.٠.٠", "2.0.1000000000", "99999999999999999999.0.0", "2.0.0-" + String(repeating: "a", count: 60),
        ])
    func refused(text: String) {
        #expect(ProtocolVersion(text) == nil)
    }
}
