// Firecrest — what docs/from-phoenix.md shows of tokens.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestJWT
import Hummingbird

enum WebTokens {
    typealias RoomChannel = Guide.RoomChannel

    // example: jwt-socket
    struct UserSocket: Socket {
        static let token = AssignKey<VerifiedJWT>("token")

        static let channels = Channels {
            channel("room:*", RoomChannel.self)
        }

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            var assigns = Assigns()
            assigns[token] = try info.authenticateJWT(info.authToken)
            return assigns
        }

        static func id(_ assigns: Assigns) -> String? {
            assigns[token]?.subject.map { "users_socket:\($0)" }
        }

        static func grant(_ assigns: Assigns) -> SocketGrant? {
            assigns[token]?.grant
        }

        static func refresh(_ text: String, _ assigns: Assigns) async throws -> Assigns {
            var assigns = assigns
            assigns[token] = try assigns[token]?.renewed(with: text)
            return assigns
        }
    }
    // end example

    static func endpoint(secret: String) async throws -> Endpoint {
        // example: jwt-endpoint
        let verifier = try await JWTVerifier(
            JWTVerifierOptions(
                keys: [.secret(secret)], issuer: .required("https://login.example.com"), audience: .required("chat")))

        let endpoint = try Endpoint {
            socket(
                "/socket", UserSocket.self,
                websocket: WebSocketOptions {
                    $0.authToken = true
                    $0.connectInfo = [.jwt(verifier)]
                })
        }
        // end example
        return endpoint
    }
}

enum SignedTokens {
    typealias RoomChannel = Guide.RoomChannel

    static let secretKeyBase = String(repeating: "known to both applications ", count: 3)

    static func sign(_ userID: Int) throws -> String {
        // example: token-sign
        let tokens = Token(secretKeyBase: secretKeyBase)
        let text = try tokens.sign("user socket", userID)
        // end example
        return text
    }

    // example: token-socket
    struct UserSocket: Socket {
        static let userID = AssignKey<Int>("user_id")
        static let tokens = Token(secretKeyBase: secretKeyBase)

        static let channels = Channels {
            channel("room:*", RoomChannel.self)
        }

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            let twoWeeks = TokenAge.seconds(1_209_600)
            guard let user = try? tokens.verify(Int.self, "user socket", info.authToken, maxAge: twoWeeks) else {
                throw ConnectError.refused
            }
            var assigns = Assigns()
            assigns[userID] = user
            return assigns
        }
    }
    // end example

    static func endpoint() throws -> Endpoint {
        // example: token-endpoint
        let endpoint = try Endpoint {
            socket("/socket", UserSocket.self, websocket: WebSocketOptions { $0.authToken = true })
        }
        // end example
        return endpoint
    }
}

enum Sessions {
    typealias RoomChannel = Guide.RoomChannel

    static let secretKeyBase = SignedTokens.secretKeyBase

    // example: session-socket
    struct UserSocket: Socket {
        static let userID = AssignKey<Int>("user_id")

        static let channels = Channels {
            channel("room:*", RoomChannel.self)
        }

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            guard let user = info.session?["user_id"]?.intValue else { throw ConnectError.refused }
            var assigns = Assigns()
            assigns[userID] = user
            return assigns
        }
    }
    // end example

    static func endpoint() throws -> Endpoint {
        // example: session-endpoint
        let session = SessionOptions(key: "_chat_key", signingSalt: "Wn2mTiYL") {
            $0.secretKeyBase = secretKeyBase
        }
        let router = Router()
        router.add(middleware: try SessionMiddleware(session))
        router.post("/login") { request, context in
            let session = try context.requireSession()
            session.renew()
            session["user_id"] = 42
            return Response(status: .noContent)
        }

        let endpoint = try Endpoint {
            socket("/socket", UserSocket.self, websocket: WebSocketOptions { $0.connectInfo = [.session(session)] })
            routes(router)
        }
        // end example
        return endpoint
    }
}
