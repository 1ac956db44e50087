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
        #expect(VersionRequirement("~> 1.0.0")?.accepts(version) == isV1)
        #expect(VersionRequirement("~> 2.0.0")?.accepts(version) == isV2)
    }

    @Test(
        "any full version may be required",
        arguments: [
            ("3.1.2", true), ("3.1.9", true), ("3.1.1", false), ("3.1.2-rc.1", false), ("3.1.3-rc.1", true),
            ("3.2.0", false), ("3.0.2", false),
        ])
    func otherRequirement(text: String, isTaken: Bool) throws {
        #expect(VersionRequirement("~> 3.1.2")?.accepts(try #require(ProtocolVersion(text))) == isTaken)
    }

    @Test(
        "a requirement is `~> ` and a full version",
        arguments: ["", "2.0.0", "~>2.0.0", "~> 2.0", "~> 2.0.0-rc.1", "~> 2.0.0+b", ">= 2.0.0"])
    func badRequirement(text: String) {
        #expect(VersionRequirement(text) == nil)
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
