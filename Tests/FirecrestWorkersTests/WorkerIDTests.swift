// Firecrest — tests of the names of workers.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWorkers
import Testing

struct WorkerIDTests {
    @Test func the_next_life_of_a_slot_has_another_node_name() {
        let (one, next) = (WorkerID(slot: 2, life: 3), WorkerID(slot: 2, life: 9))
        #expect(one.nodeName("app") == "app/2.3")
        #expect(one.nodeName("app") != next.nodeName("app"))
    }
}
