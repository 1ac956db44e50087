// Firecrest — tests of origins taken apart.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Testing

@Suite struct OriginTests {
    @Test(arguments: [
        ("http://example.com", "http", "example.com", 80),
        ("HTTPS://Example.com", "https", "Example.com", 443),
        ("https://example.com:", "https", "example.com", 443),
        ("https://example.com:8443", "https", "example.com", 8_443),
        ("ws://example.com", "ws", "example.com", 80),
        ("wss://example.com", "wss", "example.com", 443),
        ("ftp://example.com", "ftp", "example.com", 21),
        ("sftp://example.com", "sftp", "example.com", 22),
        ("ldap://example.com", "ldap", "example.com", 389),
        ("capacitor://localhost", "capacitor", "localhost", nil),
        ("http://user:pass@example.com:81", "http", "example.com", 81),
        ("http://evil.com@example.com", "http", "example.com", 80),
        ("http://[::1]:4000", "http", "::1", 4_000),
        ("http://[2001:db8::1]", "http", "2001:db8::1", 80),
        ("http://example.com/path?query#part", "http", "example.com", 80),
        ("//example.com", nil, "example.com", nil),
        ("//*.example.com:888", nil, "*.example.com", 888),
        ("file://", "file", "", nil),
        ("http://example.com:0", "http", "example.com", 0),
    ])
    func parts(_ text: String, _ scheme: String?, _ host: String?, _ port: Int?) {
        let origin = Origin(text)
        #expect(origin.scheme == scheme)
        #expect(origin.host == host)
        #expect(origin.port == port)
    }

    @Test(arguments: [
        "null", "", "example.com", "https:example.com", "mailto:a@example.com", "/example.com", "1http://x",
    ])
    func without_a_host(_ text: String) {
        #expect(Origin(text).host == nil)
        #expect(Origin(text).port == nil)
    }

    /// What two parsers might read in two ways has no parts at all.
    @Test(arguments: [
        "http://example.com:port", "http://example.com:65536", "http://example.com:999999", "http://example.com:-1",
        "http://exa mple.com", "http://example.com\\.evil.com", "http://[::1", "http://[::1]evil.com", "http://[]",
        "http://[example.com]", "http://bücher.example", "http://a\u{0}.com", "http://example.com\u{7F}",
        "//\u{596}example.com", "http://\u{301}example.com",
    ])
    func what_is_no_URI_has_no_parts(_ text: String) {
        let origin = Origin(text)
        #expect(origin.scheme == nil)
        #expect(origin.host == nil)
        #expect(origin.port == nil)
    }
}
