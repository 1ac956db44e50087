// Firecrest — where the load goes, looked up once.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

struct BenchTarget: Sendable {
    let server: SocketAddress
    let request: RequestTemplate
    let sources: SourceAddresses

    /// - Throws: what is wrong with the URL, the parameters or a header, or that the host has no address.
    init(_ settings: BenchSettings) throws(BenchError) {
        let address: ConsoleAddress
        let headers: [ConsoleOptions.Header]
        do throws(ConsoleError) {
            guard let params = try? JSON(parsing: ByteBuffer(string: settings.params)), params.objectValue != nil else {
                throw ConsoleError("--params must be a JSON object, for example '{\"user\": \"ada\"}'")
            }
            address = try ConsoleAddress(settings.url, params: params, vsn: "2.0.0")
            var fields: [ConsoleOptions.Header] = []
            for header in settings.headers { fields.append(try ClientHandshake.header(header)) }
            headers = fields
        } catch {
            throw BenchError(error.description)
        }
        guard let server = try? SocketAddress.makeAddressResolvingHost(address.host, port: address.port) else {
            throw BenchError("no address is known for the host \(address.host) of --url")
        }
        self.server = server
        request = RequestTemplate(address, headers: headers)
        var given: [SocketAddress] = []
        for source in settings.sources {
            guard let address = try? SocketAddress(ipAddress: source, port: 0) else {
                throw BenchError("--source has \"\(Preview.escaped(source))\"; it must be a list of IP addresses")
            }
            given.append(address)
        }
        sources = SourceAddresses(given, server: server, connections: settings.connections + settings.slowReaders)
    }
}
