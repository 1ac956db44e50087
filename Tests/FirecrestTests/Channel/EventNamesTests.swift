// Firecrest — tests of how an event's name is found.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

@Suite struct EventNamesTests {
    private let list = [
        "echo", "ping", "e", "", "long_event_name_1", "long_event_name_2", "long_ev", "caf\u{E9}", "a\\nb", "echo",
    ]

    private func index(ofLiteral literal: String, in names: EventNames) -> Int? {
        names.index(ofLiteral: literal.utf8.span)
    }

    @Test func each_name_is_found_where_it_stands_first() {
        let names = EventNames(list)
        for name in list { #expect(names.index(of: name) == list.firstIndex(of: name)) }
    }

    @Test func so_is_its_literal() {
        let names = EventNames(list)
        for name in list where !name.contains("\\") {
            #expect(index(ofLiteral: "\"\(name)\"", in: names) == list.firstIndex(of: name))
        }
    }

    @Test func nothing_else_is() {
        let names = EventNames(list)
        for name in ["ech", "echoo", "Echo", "long_event_name_3", "long_event_name", "cafe\u{301}", "long_ev1"] {
            #expect(names.index(of: name) == nil)
            #expect(index(ofLiteral: "\"\(name)\"", in: names) == nil)
        }
        for value in ["12", "null", "[]", "0", "", "\"", #""\u0065cho""#, #""a\nb""#] {
            #expect(index(ofLiteral: value, in: names) == nil)
        }
        #expect(EventNames([]).index(of: "echo") == nil)
    }
}
