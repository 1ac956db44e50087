// Firecrest — tests: what a worker process is given of the one that starts it
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import Testing

@testable import FirecrestWorkers

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct WorkerProcessTests {
    @Test func aWorkersReportOfATrapDoesNotKeepItsClientsWaitingUnlessSomebodyWantsThat() {
        #expect(
            WorkerProgram.environment(from: ["A=1", "FIRECREST_WORKER=9"]) == [
                "A=1", "FIRECREST_WORKER=3", "SWIFT_BACKTRACE=symbolicate=off,threads=crashed,registers=none",
            ])
        #expect(
            WorkerProgram.environment(from: ["SWIFT_BACKTRACE=enable=no"]) == [
                "SWIFT_BACKTRACE=enable=no", "FIRECREST_WORKER=3",
            ])
    }

    @Test func aWorkerGetsItsControlSocketAndNoOtherDescriptor() async throws {
        // As NIO leaves an accepted socket: open in whatever is started.
        var ends: [CInt] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let program = WorkerProgram(
            path: "/bin/sh",
            arguments: [
                "sh", "-c",
                "[ -S /proc/$$/fd/3 ] || exit 9; for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -le 3 ] || [ ! -e $f ] || exit $n; done",
            ])
        let process = try WorkerProcess(program)
        defer { process.control.close() }
        let deadline = ContinuousClock.now + .seconds(20)
        var ending: String?
        while ending == nil {
            ending = process.ending()
            guard ContinuousClock.now < deadline else { throw TestFailure("the process does not end") }
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(ending == "ended")
    }
}
