// Firecrest — `--raw`: heads and frames in both directions, as `firecrest inspect` shows them.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

struct RawReaders {
    private var heads = HeadReader()
    private var offsets: [Source: Int] = [:]
    private var inspectors: [Source: StreamInspector] = [:]

    /// Bytes in the order in which they went over the wire; a head comes alone and whole.
    mutating func take(_ bytes: ByteBuffer, from source: Source, report: TextReport, print: (String) -> Void) {
        guard offsets[source] != nil else {
            offsets[source] = bytes.readableBytes
            print(report.render(.head(heads.read(bytes, source: source, offset: 0))))
            return
        }
        var settings = InspectSettings()
        // The console has lines of its own for messages.
        settings.phoenix = .none
        var inspector =
            inspectors.removeValue(forKey: source)
            ?? StreamInspector(
                source: source, context: heads.context, settings: settings, offset: offsets[source] ?? 0)
        inspector.append(bytes)
        while let frame = inspector.next() { print(report.render(.frame(frame))) }
        inspectors[source] = inspector
    }
}
