// Firecrest — dates of responses.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestHTTP

struct HTTPDateTests {
    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)])
    func a_time_is_written_as_IMF_fixdate(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.format(secondsSince1970: seconds) == text)
    }
}
