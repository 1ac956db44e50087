// Firecrest — which worker gets the next connection.
// SPDX-License-Identifier: Apache-2.0

/// How full one worker is, as far as the supervising process knows.
struct WorkerLoad {
    /// Connections handed over until now, over the worker's life.
    var handed = 0
    /// Those of them that the worker has counted, or never will, when it last said so.
    var settled = 0
    /// What it held then.
    var open = 0
    var capacity = Int.max

    /// What it holds, with those that are on their way.
    var connections: Int { open + max(0, handed - settled) }
    var isFull: Bool { connections >= capacity }
}

enum Balance {
    /// The worker with the fewest connections, so that their numbers stay equal whatever ends and is started again. One that is
    /// full gets none while another is not; when all are, the emptiest gets it, to refuse it with a word.
    ///
    /// - Parameter turn: where to begin to look: who has as few as others takes turns with them.
    static func choose(_ loads: [(index: Int, load: WorkerLoad)], turn: Int) -> Int? {
        guard !loads.isEmpty else { return nil }
        let start = turn % loads.count
        let order = loads[start...] + loads[..<start]
        let fewest: ((index: Int, load: WorkerLoad), (index: Int, load: WorkerLoad)) -> Bool = {
            $0.load.connections < $1.load.connections
        }
        return (order.filter { !$0.load.isFull }.min(by: fewest) ?? order.min(by: fewest))?.index
    }
}
