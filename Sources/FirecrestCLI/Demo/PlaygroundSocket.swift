// Firecrest — the demo's socket: who may connect.
// SPDX-License-Identifier: Apache-2.0

import Firecrest

extension AssignKey<ConnectParams> {
    static let connectParams = AssignKey("connect_params")
}

extension AssignKey<ConnectInfo> {
    static let connectInfo = AssignKey("connect_info")
}

extension AssignKey<String> {
    static let authToken = AssignKey("auth_token")
}

struct PlaygroundSocket: Socket {
    static var channels: Channels {
        Channels {
            channel("room:*", PlaygroundChannel.self)
            channel("realtime:*", RealtimeChannel.self)
            channel("compare:*", CompareChannel.self)
            channel("ticker:all", TickerChannel.self)
            channel("desk:shared", DeskChannel.self)
            channel("game:dots", DotsChannel.self)
            channel("server:figures", FiguresChannel.self)
            channel("user:*", UserChannel.self)
        }
    }

    static var options: SocketOptions {
        var options = SocketOptions()
        options.serializers = [.v1, .v2, .etf]  // Erlang's terms, to try them: encoding=etf
        return options
    }

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        if params.string("reject") == "1" { throw ConnectError.refused(reason: "the client asked for it") }
        var assigns = Assigns()
        // Most clients send nothing but the version, which nobody asks for: such a connection keeps nothing.
        var params = params
        params.values["vsn"] = nil
        if !params.values.isEmpty { assigns[.connectParams] = params }
        assigns[.authToken] = info.authToken
        // Kept for those who want to see it, as it would cost every connection some hundred bytes.
        if params.string("whoami") != nil { assigns[.connectInfo] = info }
        return assigns
    }
}
