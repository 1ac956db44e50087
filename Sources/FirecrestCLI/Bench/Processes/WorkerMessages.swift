// Firecrest — what a load's processes say to each other: a line of JSON each.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// Each is answered by one ``WorkerAnswer``, in order.
enum WorkerRequest: Codable, Sendable {
    case setUp(BenchSettings)
    case start(UInt64)
    case snapshot
    case stop
    case finish([Int32: UInt32])
    case setUpHerd(HerdSettings)
    case runHerd
}

enum WorkerAnswer: Codable, Sendable {
    case done
    case result(SwarmResult)
    case published([Int32: UInt32])
    case herd(HerdResult)
    case failed(String)
}

enum WorkerLine {
    static func write(_ message: some Encodable) throws -> ByteBuffer {
        var line = try Payload(encoding: message).bytes
        line.writeInteger(UInt8(ascii: "\n"))
        return line
    }

    static func read<T: Decodable>(_ line: ByteBuffer) throws -> T {
        try Payload(jsonText: line).decode(T.self)
    }
}
