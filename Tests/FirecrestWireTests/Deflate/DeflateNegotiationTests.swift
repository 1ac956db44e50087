// Firecrest — agreeing on permessage-deflate
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import Testing

/// RFC 7692 §7.1, and rows 19 and 20 of the forty-four bad inputs.
@Suite("Deflate negotiation")
struct DeflateNegotiationTests {
    static func agree(_ offers: String..., options: DeflateOptions = DeflateOptions()) -> DeflateAgreement? {
        DeflateNegotiation.agree(offers: offers, options: options)
    }

    static let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(
        "Offers that can be kept, and the answers",
        arguments: [
            ("permessage-deflate", ""),
            ("permessage-deflate; client_max_window_bits", ""),  // Chrome, Safari, Firefox
            ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", ""),
            ("permessage-deflate; server_max_window_bits=10", "; server_max_window_bits=10"),
            (
                "permessage-deflate; server_max_window_bits=9; client_max_window_bits=8",
                "; server_max_window_bits=9; client_max_window_bits=8"
            ),
            ("permessage-deflate; server_max_window_bits=\"10\"", "; server_max_window_bits=10"),
            ("permessage-deflate;server_max_window_bits=15;client_max_window_bits=15", ""),
            (" permessage-deflate ;\tclient_max_window_bits = 12 ", "; client_max_window_bits=12"),
            ("x-webkit-deflate-frame, permessage-deflate", ""),
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate", ""),
            (
                "permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=11",
                "; server_max_window_bits=10"
            ),
            (
                "permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=9",
                "; server_max_window_bits=9"
            ),
            ("foo; bar=\"a,permessage-deflate\", permessage-deflate", ""),
            (",, ,permessage-deflate", ""),
        ])
    func accepted(offer: String, answer: String) {
        #expect(Self.agree(offer)?.headerValue == Self.both + answer)
    }

    @Test(
        "Offers that are declined",
        arguments: [
            "", ",", "permessage-deflate2", "x-permessage-deflate", "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+10", "permessage-deflate; server_max_window_bits=",
            "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=99999999999999999999",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
            "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=\"\"",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; unknown", "permessage-deflate; client_max_window_bits=\"10", "permessage-deflate;",
            "permessage-deflate client_max_window_bits", "permessage-deflate; server_max_window_bits=\"1\\0\"",
            "permessage-deflate; =10", "\"permessage-deflate\"", "permessage-deflate\r\nx: y",
        ])
    func declined(offer: String) {
        #expect(Self.agree(offer) == nil)
    }

    @Test func offersOverSeveralLines() {
        #expect(Self.agree("foo", "permessage-deflate; server_max_window_bits=12")?.serverMaxWindowBits == 12)
    }

    @Test("The server's own window is the larger bound, named though nobody asked (RFC 7692 §7.1.2.1)")
    func ownWindow() {
        let options = DeflateOptions(serverMaxWindowBits: 11)
        #expect(
            Self.agree("permessage-deflate", options: options)?.headerValue == Self.both + "; server_max_window_bits=11"
        )
        #expect(
            Self.agree("permessage-deflate; server_max_window_bits=10", options: options)?.serverMaxWindowBits == 10)
        #expect(
            Self.agree("permessage-deflate; server_max_window_bits=13", options: options)?.serverMaxWindowBits == 11)
    }

    @Test func optionsOutOfRange() {
        let options = DeflateOptions(
            level: 0, memLevel: 99, serverMaxWindowBits: 8, minimumBytes: -1, maxInflateRatio: 0)
        #expect(
            options
                == DeflateOptions(level: 1, memLevel: 9, serverMaxWindowBits: 9, minimumBytes: 0, maxInflateRatio: 1))
    }

    @Test("Row 20: only so many offers and bytes are looked at")
    func floods() {
        let declined = "permessage-deflate; server_max_window_bits=8"
        #expect(
            Self.agree(Array(repeating: declined, count: 15).joined(separator: ",") + ", permessage-deflate") != nil)
        #expect(
            Self.agree(Array(repeating: declined, count: 16).joined(separator: ",") + ", permessage-deflate") == nil)
        #expect(Self.agree(String(repeating: "a", count: 2_040), "permessage-deflate") == nil)
        let hostile = [
            String(repeating: "permessage-deflate; server_max_window_bits=8, ", count: 20_000),
            String(repeating: "\"", count: 1_000_000), String(repeating: "a=\"\\", count: 250_000),
            "permessage-deflate" + String(repeating: "; client_max_window_bits", count: 40_000),
            String(repeating: ",", count: 1_000_000), String(repeating: " ", count: 1_000_000),
        ]
        let time = ContinuousClock().measure {
            for offer in hostile { #expect(Self.agree(offer) == nil) }
            let lines = Array(repeating: "x; y=\"z\"", count: 100_000)
            #expect(DeflateNegotiation.agree(offers: lines, options: DeflateOptions()) == nil)
        }
        #expect(time < .seconds(1))
    }

    // The client's half.

    @Test func ourOfferIsOneWeWouldAccept() {
        #expect(Self.agree(DeflateNegotiation.offer)?.headerValue == Self.both)
    }

    @Test func answersThatAreFine() throws {
        #expect(try DeflateNegotiation.confirm([]) == nil)
        #expect(try DeflateNegotiation.confirm([Self.both])?.serverMaxWindowBits == 15)
        #expect(try DeflateNegotiation.confirm([Self.both + "; server_max_window_bits=8"])?.serverMaxWindowBits == 8)
    }

    @Test(arguments: [
        "permessage-deflate", "foo", "", both + ", foo", both + "; client_max_window_bits=10", both + "; foo",
        both + ", " + both, both + "; server_max_window_bits",
    ])
    func answersThatAreNot(answer: String) {
        #expect(throws: WebSocketHandshakeError.self) { try DeflateNegotiation.confirm([answer]) }
    }
}
