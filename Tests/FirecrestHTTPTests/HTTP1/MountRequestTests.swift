// Firecrest — tests of where a request's path ends.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import NIOHTTP1
import Testing

@Suite struct MountRequestTests {
    @Test(
        "the path ends at the first question mark, whatever stands behind it",
        arguments: [
            ("/socket", "/socket", ""), ("/socket?", "/socket", ""), ("/socket?a=1?b", "/socket", "a=1?b"),
            ("/socket?\u{301}a=1", "/socket", "\u{301}a=1"), ("?a", "", "a"), ("", "", ""),
        ])
    func parts(target: String, path: String, query: String) {
        let request = MountRequest(
            head: HTTPRequestHead(version: .http1_1, method: .GET, uri: target), client: Peer(address: nil))
        #expect(request.path.utf8.elementsEqual(path.utf8))
        #expect(request.query.utf8.elementsEqual(query.utf8))
    }
}
