// Firecrest — mount paths match by non-empty segments.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Firecrest

struct MountPathTests {
    @Test(arguments: [
        "/socket/websocket", "socket/websocket", "/socket//websocket/", "//socket/websocket//",
    ])
    func empty_segments_do_not_count(_ path: String) {
        #expect(MountPath("/socket", "/websocket").match(path[...]) == [:])
    }

    @Test(arguments: ["/", "", "/socket", "/socket/websocket/x", "/socket/websockets", "/Socket/websocket"])
    func other_paths_do_not_match(_ path: String) {
        #expect(MountPath("/socket", "/websocket").match(path[...]) == nil)
    }

    @Test func named_segments_become_values() {
        #expect(MountPath("/ws/:room", "/p/:id").match("/ws/7/p/9") == ["room": "7", "id": "9"])
    }

    @Test func a_name_with_an_underscore_matches_and_is_not_handed_on() {
        #expect(MountPath("/ws/:_any", "/websocket").match("/ws/7/websocket") == [:])
    }

    @Test("Segments are bytes: an accent hides no slash, and looking the same is not being the same")
    func accents() {
        #expect(MountPath("/s/:a").match("/s/\u{301}b") == ["a": "\u{301}b"])
        #expect(MountPath("/caf\u{E9}").match("/cafe\u{301}") == nil)
        #expect(MountPath("/caf\u{E9}").match("/caf\u{E9}") == [:])
    }
}
