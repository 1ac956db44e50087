// Firecrest — conformance: wrong options of a mount are errors at start.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

/// That an option's name exists is the compiler's to check. What it cannot see is found when the endpoint is made; all
/// wrong values there are stand in OptionCheckTests.
@Suite struct OptionTests {
    @Test(arguments: ["peer_data", "x_headers", "uri", "auth_token", "session", "peerData", "userAgent"])
    func phx_22_a_connect_info_name_that_means_something_else_is_an_error_at_start(name: String) throws {
        let error = try #require(throws: OptionError.self) {
            _ = try Endpoint(.test) {
                socket("/socket", RoomSocket.self, websocket: .init { $0.connectInfo = [.custom(name, "x")] })
            }
        }
        #expect(error.code == .conflict)
        #expect(error.option == "connectInfo of the WebSocket at /socket")
        #expect(error.sentence.contains("\"\(name)\""))
    }

    @Test(arguments: [true, false])
    func phx_23_neither_origin_nor_csrf_checked_is_an_error_at_start(isEndpoints: Bool) throws {
        var options = EndpointOptions.test
        if isEndpoints { options.checkOrigin = .any }
        let error = try #require(throws: OptionError.self) {
            _ = try Endpoint(options) {
                socket(
                    "/socket", RoomSocket.self,
                    websocket: .init {
                        if !isEndpoints { $0.checkOrigin = .any }
                        $0.checkCSRF = false
                    })
            }
        }
        #expect(error.code == .conflict)
        #expect(error.option == "checkCSRF of the WebSocket at /socket")
    }

    @Test func phx_23_one_of_the_two_checks_is_enough() async throws {
        for (origin, csrf) in [(OriginPolicy.any, true), (.endpointHost, false)] {
            let options = WebSocketOptions {
                $0.checkOrigin = origin
                $0.checkCSRF = csrf
            }
            try await TestServer.run(socket("/socket", RoomSocket.self, websocket: options)) { server in
                _ = try await TestClient.connect(server)
            }
        }
    }

    @Test func phx_22_a_value_that_cannot_work_is_an_error_at_start_that_names_the_option() throws {
        let error = try #require(throws: OptionError.self) {
            _ = try Endpoint(.test) {
                socket("/socket", RoomSocket.self, websocket: .init { $0.maxFrameBytes = 0 })
            }
        }
        #expect(
            error.description
                == "option_out_of_range: maxFrameBytes of the WebSocket at /socket is 0; "
                + "it must be between 1 and 1073741824 bytes.")
    }
}
