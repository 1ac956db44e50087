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

    @Test func the_pace_is_that_of_connections_and_of_joins() throws {
        var options = EndpointOptions()
        let standard = options.joinRate
        try DemoCommand.parse([]).pace(&options)
        #expect(options.joinRate == standard)
        try DemoCommand.parse(["--pace", "50"]).pace(&options)
        #expect(options.acceptRate == RateLimit(perSecond: 50, burst: 5))
        #expect(options.joinRate == options.acceptRate)
        try DemoCommand.parse(["--pace", "0"]).pace(&options)
        #expect(options.acceptRate == nil)
        #expect(options.joinRate == nil)
        #expect(throws: (any Error).self) { try DemoCommand.parse(["--pace=-1"]) }
    }

    @Test func a_drain_is_as_it_was_asked_for() throws {
        let drain = try DemoCommand.parse(["--drain-batch", "100", "--drain-interval", "0.5", "--drain-limit", "7"])
            .drain.options
        #expect(drain.isEnabled)
        #expect(drain.batchSize == 100)
        #expect(drain.batchInterval == .milliseconds(500))
        #expect(drain.shutdown == .seconds(7))
        let off = try DemoCommand.parse(["--no-drain"]).drain.options
        #expect(!off.isEnabled)
        for wrong in ["--drain-batch=0", "--drain-interval=-1", "--drain-limit=nan"] {
            #expect(throws: (any Error).self) { try DemoCommand.parse([wrong]) }
        }
    }

    @Test func a_drain_says_what_it_does_and_for_how_long() {
        var options = DrainOptions()
        #expect(
            DrainNotice.text(12_000, options)
                == "Draining 12,000 connections over 2.4 s; Ctrl-C again closes all at once.")
        #expect(DrainNotice.text(1, options) == "Draining 1 connection; Ctrl-C again closes all at once.")
        options.shutdown = .seconds(10)
        #expect(
            DrainNotice.text(100_000, options)
                == "Draining 100,000 connections over 10.0 s (20.0 s were needed; the rest goes at once); Ctrl-C again closes all at once."
        )
    }
}
