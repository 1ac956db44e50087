// Firecrest — query strings become nested parameters by Plug's rules.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

struct QueryDecoderTests {
    private func decode(_ query: String) throws -> [String: ConnectParams.Value] {
        try QueryDecoder.decode(query[...]).values
    }

    @Test(
        arguments: [
            ("", [:]),
            ("a=1", ["a": .string("1")]),
            ("a", ["a": .string("")]),
            ("a=", ["a": .string("")]),
            ("a=1&a=2", ["a": .string("2")]),
            ("a=b=c", ["a": .string("b=c")]),
            ("&&a=1&", ["a": .string("1")]),
            ("a+b=c+d", ["a b": .string("c d")]),
            ("a=%C3%A9%2B", ["a": .string("é+")]),
            ("a[b]=1&a[c]=2", ["a": .map(["b": .string("1"), "c": .string("2")])]),
            ("a[b][c]=1", ["a": .map(["b": .map(["c": .string("1")])])]),
            ("a[]=1&a[]=2", ["a": .list([.string("1"), .string("2")])]),
            ("a%5Bb%5D=1", ["a": .map(["b": .string("1")])]),
            ("a=1&a[b]=2", ["a": .map(["b": .string("2")])]),
            ("a[b=1", ["a[b": .string("1")]),
            ("[a]=1", ["[a]": .string("1")]),
            ("a[b]c=1", ["a[b]c": .string("1")]),
            ("a[][b]=1&a[][b]=2", ["a": .list([.map(["b": .string("1")]), .map(["b": .string("2")])])]),
            ("a[b]=1&a[]=2", ["a": .list([.string("2")])]),
            ("a[]=1&a[b]=2", ["a": .map(["b": .string("2")])]),
            ("a[]=1&a=2", ["a": .string("2")]),
            ("=1", ["": .string("1")]),
        ] as [(String, [String: ConnectParams.Value])])
    func decodes(_ query: String, _ expected: [String: ConnectParams.Value]) throws {
        #expect(try decode(query) == expected)
    }

    @Test(
        "Delimiters are bytes: an accent behind one does not hide it",
        arguments: [
            ("a=\u{301}1", ["a": .string("\u{301}1")]),
            ("a=1&\u{301}b=2", ["a": .string("1"), "\u{301}b": .string("2")]),
            ("a%5B%CC%81b%5D=1", ["a": .map(["\u{301}b": .string("1")])]),
            ("a[b]%CC%81=1", ["a[b]\u{301}": .string("1")]),
            ("a[b%CC%81][\u{301}]=1", ["a": .map(["b\u{301}": .map(["\u{301}": .string("1")])])]),
            ("a=%0D+%0A", ["a": .string("\r \n")]),
        ] as [(String, [String: ConnectParams.Value])])
    func accents(_ query: String, _ expected: [String: ConnectParams.Value]) throws {
        #expect(try decode(query) == expected)
    }

    @Test func a_list_may_have_as_many_items_as_there_are_pairs() throws {
        let pairs = (0..<QueryDecoder.maxPairs).map { "a[b][]=\($0)" }.joined(separator: "&")
        let expected = (0..<QueryDecoder.maxPairs).map { ConnectParams.Value.string("\($0)") }
        #expect(try decode(pairs) == ["a": .map(["b": .list(expected)])])
    }

    @Test(arguments: ["a=%", "a=%4", "a=%zz", "a=%ff", "%c3=1", "a=%C3"])
    func refuses_what_is_no_percent_encoded_UTF8(_ query: String) {
        #expect(throws: QueryDecoder.Failure(code: .invalidEncoding)) { try decode(query) }
    }

    @Test func refuses_more_pairs_or_deeper_nesting_than_the_limits() throws {
        let pairs = Array(repeating: "a=1", count: QueryDecoder.maxPairs)
        #expect(try decode(pairs.joined(separator: "&")).count == 1)
        #expect(throws: QueryDecoder.Failure(code: .tooMany)) {
            try decode((pairs + ["a=1"]).joined(separator: "&"))
        }
        let deep = String(repeating: "[b]", count: QueryDecoder.maxDepth)
        #expect(try decode("a\(deep)=1").count == 1)
        #expect(throws: QueryDecoder.Failure(code: .tooMany)) { try decode("a\(deep)[b]=1") }
    }

    @Test func refuses_a_query_beyond_a_million_bytes() {
        let long = "a=" + String(repeating: "x", count: QueryDecoder.maxBytes)
        #expect(throws: QueryDecoder.Failure(code: .tooLong)) { try decode(long) }
    }
}
