// Firecrest — tests of origin policies, without a server.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

@Suite struct OriginCheckTests {
    private static let request = RequestURI(scheme: "http", host: "example.com", port: 80, path: "/socket/websocket")

    private func allows(_ policy: OriginPolicy, _ origin: String, host: String? = "example.com") throws -> Bool {
        try OriginCheck(policy, host: host, option: "checkOrigin").allows(Origin(origin), Self.request)
    }

    @Test(arguments: ["http://EXAMPLE.com", "https://example.com:444", "anything://eXample.com:1"])
    func the_endpoints_host_whatever_scheme_port_and_case(origin: String) throws {
        #expect(try allows(.endpointHost, origin))
    }

    @Test(arguments: [
        "http://www.example.com", "http://example.com.evil.org", "http://example.co", "null", "file://", "",
    ])
    func another_host_than_the_endpoints(origin: String) throws {
        #expect(try !allows(.endpointHost, origin))
    }

    @Test func an_endpoint_without_a_host_takes_every_origin() throws {
        #expect(try allows(.endpointHost, "https://other.org", host: nil))
    }

    @Test(arguments: [
        ("http://example.com", true), ("http://Example.COM:80", true), ("https://example.com", false),
        ("http://example.com:81", false), ("ws://example.com", false), ("//example.com", false), ("null", false),
    ])
    func the_request_itself(origin: String, allowed: Bool) throws {
        #expect(try allows(.sameAsRequest, origin) == allowed)
    }

    /// A request whose Host header names no host matches no origin without one.
    @Test func no_host_equals_no_host_never() throws {
        let check = try OriginCheck(.sameAsRequest, host: nil, option: "checkOrigin")
        #expect(!check.allows(Origin("http://"), RequestURI(scheme: "http", host: "", port: 80, path: "/")))
    }

    @Test(arguments: [
        ("https://example.com", "https://example.com", true), ("https://example.com", "https://EXAMPLE.com:443", true),
        ("https://Example.com", "https://example.com", true),
        ("https://example.com", "https://example.com:8443", false),
        ("https://example.com", "http://example.com:443", false), ("//example.com", "http://example.com:8080", true),
        ("//example.com:81", "http://example.com:81", true), ("//example.com:81", "http://example.com:82", false),
        ("//*.ex.com", "https://a.b.ex.com", true), ("//*.ex.com", "https://EX.com", true),
        ("//*.ex.com", "https://A.Ex.Com", true), ("//*.ex.com", "https://evil-ex.com", false),
        ("//*.ex.com", "https://.ex.com", false), ("//*.ex.com", "https://ex.com.evil.org", false),
        ("//*.ex.com", "https://ex.comm", false), ("//ex.com", "https://a.ex.com", false),
        ("capacitor://localhost", "capacitor://localhost", true), ("capacitor://localhost", "http://localhost", false),
        ("//[::1]:4000", "http://[::1]:4000", true), ("//ex.com", "null", false), ("//ex.com", "file://", false),
    ])
    func an_entry_of_a_list(entry: String, origin: String, allowed: Bool) throws {
        #expect(try allows(.list([entry]), origin) == allowed)
        #expect(try allows(.list(["//other.org", entry]), origin) == allowed)
    }

    @Test(arguments: [
        "", "example.com", "example.com:8080", "https:example.com", "file://", "//*.", "//*", "//a.*.com",
    ])
    func an_entry_without_a_host_is_an_error_that_names_it(entry: String) {
        let error = #expect(throws: OptionError.self) {
            try OriginCheck(.list(["//fine.org", entry]), host: nil, option: "checkOrigin of the endpoint")
        }
        #expect(error?.code == .malformed)
        #expect(error?.description.contains("checkOrigin of the endpoint has the entry \"\(entry)\"") == true)
    }

    @Test func an_empty_list_is_an_error() {
        #expect(throws: OptionError.self) { try OriginCheck(.list([]), host: nil, option: "checkOrigin") }
    }
}
