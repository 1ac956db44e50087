// Firecrest — the way that is gone: said in words, for it cannot be measured.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol

enum FlashSockets {
    static let name = "Flash sockets"

    static let what = """
        Before browsers had WebSockets, a page could embed an invisible Flash movie whose XMLSocket or Socket opened a TCP \
        connection; libraries used it to imitate a WebSocket. Flash first asked the server's port 843 for a policy file, \
        an XML document that said which pages may connect to which ports. That was one more service to run, on a port \
        that many firewalls blocked.
        """

    static let gone = """
        It needed a plug-in that phones never had, and that was a lasting source of security holes. Adobe ended Flash \
        Player on 31 December 2020 and browsers removed it. There is nothing left to measure.
        """

    static var json: JSON { ["name": .string(name), "what": .string(what), "gone": .string(gone)] }
}
