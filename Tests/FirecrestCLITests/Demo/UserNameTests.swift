// Firecrest — tests: names of users that may stand in a topic, a URL and a shell
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestCLI

@Suite struct UserNameTests {
    @Test(arguments: ["a", "ada-2", "0", String(repeating: "x", count: 32)])
    func good(_ name: String) {
        #expect(UserName(name)?.description == name)
    }

    @Test(arguments: ["", "Ada", "a b", "ü", "a:b", "a\n", "$(x)", "*", String(repeating: "x", count: 33)])
    func bad(_ name: String) {
        #expect(UserName(name) == nil)
    }

    @Test func listenersAreCountedByUser() throws {
        let users = Listeners()
        let (ada, ben) = (try #require(UserName("ada")), try #require(UserName("ben")))
        var seats = [users.enter(ada), users.enter(ada), users.enter(ben)]
        #expect(users.count(ada) == 2)
        seats.removeFirst()
        #expect(users.count(ada) == 1)
        seats = []
        #expect(users.count(ada) == 0)
        #expect(users.count(ben) == 0)
    }

    @Test func listenersHaveALimit() throws {
        let users = Listeners()
        let ada = try #require(UserName("ada"))
        let seats = (0..<10_000).compactMap { _ in users.enter(ada) }
        #expect(seats.count == 10_000)
        #expect(users.enter(ada) == nil)
    }
}
