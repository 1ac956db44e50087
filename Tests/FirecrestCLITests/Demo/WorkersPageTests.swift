// Firecrest — figures of several workers on one page
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestCLI

@Suite struct WorkersPageTests {
    private static func page(_ value: Int) -> String {
        """
        # HELP a_total What a is.
        # TYPE a_total counter
        a_total \(value)
        # TYPE b histogram
        b_bucket{kind="x {y",le="1"} \(value)
        b_count{kind="x {y"} 1

        """
    }

    @Test func series_of_one_name_stand_together_each_with_its_worker() {
        let text = WorkersPage.merged([("local/1.2", Self.page(20)), ("local/0.1", Self.page(10))], count: 2)
        #expect(
            text == """
                # HELP firecrest_worker_up Whether a worker's figures are on this page.
                # TYPE firecrest_worker_up gauge
                firecrest_worker_up{worker="0"} 1
                firecrest_worker_up{worker="1"} 1
                # HELP firecrest_workers_unanswered Workers whose figures are not on this page.
                # TYPE firecrest_workers_unanswered gauge
                firecrest_workers_unanswered 0
                # HELP a_total What a is.
                # TYPE a_total counter
                a_total{worker="0"} 10
                a_total{worker="1"} 20
                # TYPE b histogram
                b_bucket{worker="0",kind="x {y",le="1"} 10
                b_count{worker="0",kind="x {y"} 1
                b_bucket{worker="1",kind="x {y",le="1"} 20
                b_count{worker="1",kind="x {y"} 1

                """)
    }

    @Test func a_worker_that_did_not_answer_is_said_to_be_missing_and_of_two_lives_the_later_counts() {
        let pages = [("a/b/2.7", Self.page(7)), ("a/b/2.3", Self.page(3)), ("other", Self.page(1))]
        let text = WorkersPage.merged(pages, count: 3)
        #expect(text.contains("firecrest_worker_up{worker=\"0\"} 0\nfirecrest_worker_up{worker=\"1\"} 0\n"))
        #expect(text.contains("firecrest_worker_up{worker=\"2\"} 1\n"))
        #expect(text.contains("firecrest_workers_unanswered 2\n"))
        #expect(text.contains("a_total{worker=\"2\"} 7\n"))
        #expect(!text.contains("} 3\n"))
    }
}
