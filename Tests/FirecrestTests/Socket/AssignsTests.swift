// Firecrest — assigns are typed values, copied and merged.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import Testing

extension AssignKey<Int> {
    fileprivate static let level = AssignKey("level")
}

extension AssignKey<String> {
    fileprivate static let name = AssignKey("name")
    fileprivate static let level = AssignKey("level")
}

struct AssignsTests {
    @Test func values_come_back_with_their_type() {
        var assigns = Assigns()
        assigns[.name] = "Ada"
        assigns[AssignKey<Int>.level] = 3
        #expect(assigns[.name] == "Ada")
        #expect(assigns[AssignKey<Int>.level] == 3)
    }

    @Test func a_key_of_the_same_name_and_another_type_finds_nothing() {
        var assigns = Assigns()
        assigns[AssignKey<Int>.level] = 3
        #expect(assigns[AssignKey<String>.level] == nil)
    }

    @Test func a_copy_goes_its_own_way() {
        var first = Assigns()
        first[.name] = "Ada"
        var second = first
        second[.name] = nil
        #expect(first[.name] == "Ada")
        #expect(second[.name] == nil)
    }

    @Test func merging_lays_the_others_values_over_ours() {
        var ours = Assigns()
        ours[.name] = "Ada"
        ours[AssignKey<Int>.level] = 1
        var theirs = Assigns()
        theirs[AssignKey<Int>.level] = 2
        let merged = ours.merging(theirs)
        #expect(merged[.name] == "Ada")
        #expect(merged[AssignKey<Int>.level] == 2)
    }
}
