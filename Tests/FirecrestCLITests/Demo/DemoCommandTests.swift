// Firecrest — tests: the demo's options that limit what a client may do
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Firecrest
import Testing

@testable import FirecrestCLI

@Suite struct DemoCommandTests {
    @Test func rates_are_those_of_the_socket() throws {
        let options = try DemoCommand.parse(["--join-rate", "10", "--message-rate", "0.5"]).socketOptions
        #expect(options.joinRate == RateLimit(perSecond: 10))
        #expect(options.messageRate == RateLimit(perSecond: 0.5))
    }

    @Test func without_them_nothing_is_limited() throws {
        let options = try DemoCommand.parse([]).socketOptions
        #expect(options.joinRate == nil)
        #expect(options.messageRate == nil)
    }

    @Test(arguments: ["0", "-1", "nan", "inf"])
    func a_rate_is_more_than_nothing(rate: String) {
        #expect(throws: (any Error).self) { try DemoCommand.parse(["--join-rate=\(rate)"]) }
        #expect(throws: (any Error).self) { try DemoCommand.parse(["--message-rate=\(rate)"]) }
    }
}
