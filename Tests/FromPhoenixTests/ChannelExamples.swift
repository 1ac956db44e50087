// Firecrest — what docs/from-phoenix.md shows of sockets and channels.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import Logging
import NIOCore

/// The room of the channels guide.
enum Guide {
    // example: routes
    struct UserSocket: Socket {
        static let channels = Channels {
            channel("room:*", RoomChannel.self)
        }
    }
    // end example

    // example: room
    final class RoomChannel: Firecrest.Channel {
        struct NewMessage: Codable {
            var body: String
        }

        init(topic: Topic) {}

        func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
            socket.topic == "room:lobby" ? .ok : .error(["reason": "unauthorized"])
        }

        static var events: [Event<RoomChannel>] {
            on("new_msg", NewMessage.self) { _, message, socket in
                socket.broadcast("new_msg", message)
                return .noReply
            }
        }
    }
    // end example
}

enum Intercepts {
    // example: intercept
    final class RoomChannel: Firecrest.Channel {
        private var ignored: Set<Int> = []

        init(topic: Topic) {}

        static var events: [Event<RoomChannel>] {
            on("ignore") { room, payload, _ in
                room.ignored.insert(try payload.decode(Int.self))
                return .ok
            }
            on("greet") { _, payload, socket in
                socket.broadcastFrom("user_joined", payload)
                return .noReply
            }
        }

        static var intercepts: [String] { ["user_joined"] }

        func handleOut(_ broadcast: BroadcastInfo, _ socket: ChannelSocket) throws {
            let user = try broadcast.payload.decode(JSON.self)["user_id"]?.intValue
            if let user, ignored.contains(user) { return }
            socket.push("user_joined", broadcast.payload)
        }
    }
    // end example

    struct UserSocket: Socket {
        static let channels = Channels { channel("room:*", RoomChannel.self) }
    }
}

enum Missed {
    struct Message: Codable, Equatable {
        var id: Int
        var body: String

        static func since(_ id: Int) async throws -> [Message] {
            [Message(id: 1, body: "one"), Message(id: 2, body: "two")].filter { $0.id > id }
        }
    }

    // example: missed
    final class RoomChannel: Firecrest.Channel {
        struct Params: Decodable {
            var last_seen_id: Int?
        }

        init(topic: Topic) {}

        func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
            let last = try params.decode(Params.self).last_seen_id ?? 0
            return .ok(["messages": try await Message.since(last)])
        }

        static var events: [Event<RoomChannel>] {}
    }
    // end example

    struct UserSocket: Socket {
        static let channels = Channels { channel("rooms:*", RoomChannel.self) }
    }
}

enum Answers {
    enum Search {
        static func run(_ text: String) async -> JSON { ["found": .string(text)] }
    }

    enum Thumbnail {
        static func make(_ image: ByteBuffer) throws -> ByteBuffer { ByteBuffer(image.readableBytesView.prefix(4)) }
    }

    struct Order: Codable {
        var sku: String
        var count: Int
    }

    final class DeskChannel: Firecrest.Channel {
        init(topic: Topic) {}

        static var events: [Event<DeskChannel>] {
            // example: replies
            on("order", Order.self) { _, order, _ in
                guard order.count > 0 else { return .error(["reason": "order at least one"]) }
                return .ok(["sku": order.sku])
            }
            on("ping") { _, _, _ in .ok }
            on("busy") { _, _, _ in .status("later") }
            on("quit") { _, _, _ in .stop(.shutdown("asked to"), reply: .ok) }
            // end example
            // example: reply-later
            on("report") { _, _, socket in
                let ref = try socket.replyRef()
                Task {
                    try await Task.sleep(for: .milliseconds(20))
                    try ref.reply(.ok(["pages": 3]))
                }
                return .noReply
            }
            // end example
            // example: async
            on("search") { _, payload, _ in
                .ok(await Search.run(try payload.decode(String.self)))
            }
            on("thumbnail", .offloaded) { image in
                .ok(.binary(try Thumbnail.make(image.bytes).readableBytesView))
            }
            // end example
        }
    }

    struct UserSocket: Socket {
        static let channels = Channels { channel("desk:*", DeskChannel.self) }
    }
}

enum Messages {
    // example: info
    final class NewsChannel: Firecrest.Channel {
        struct AfterJoin: Sendable {}
        struct Tick: Sendable {}

        private var ticks = 0

        init(topic: Topic) {}

        func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
            socket.send(AfterJoin())
            return .ok
        }

        static var events: [Event<NewsChannel>] {
            on("follow") { _, payload, socket in
                socket.subscribe(Topic("author:" + (try payload.decode(String.self))))
                return .ok
            }
        }

        func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
            switch message {
            case is AfterJoin:
                socket.push("feed", ["list": ["hello"]])
                socket.send(Tick(), after: .seconds(60))
            case is Tick:
                ticks += 1
                socket.push("tick", ["count": ticks])
                socket.send(Tick(), after: .seconds(60))
            case let broadcast as BroadcastInfo:
                socket.push("from_author", broadcast.payload)
            default: break
            }
        }

        func terminate(_ reason: TerminateReason, _ socket: ChannelSocket) {
            if case .left = reason { socket.broadcastFrom("user_left", ["ticks": ticks]) }
        }
    }
    // end example

    struct UserSocket: Socket {
        static let channels = Channels { channel("news:*", NewsChannel.self) }
    }
}

enum Quiet {
    // example: channel-options
    final class PingChannel: Firecrest.Channel {
        static var logJoin: Logger.Level? { .debug }
        static var logHandleIn: Logger.Level? { nil }
        static var unhandledEvent: UnhandledEvent { .replyError("unknown event") }

        init(topic: Topic) {}

        static var events: [Event<PingChannel>] {
            on("ping") { _, payload, _ in .ok(payload) }
        }
    }
    // end example

    struct UserSocket: Socket {
        static let channels = Channels { channel("ping", PingChannel.self) }
    }
}

enum Connecting {
    typealias RoomChannel = Guide.RoomChannel

    enum Accounts {
        static func user(_ key: String?) async -> Int? { key == "swordfish" ? 42 : nil }
    }

    // example: user-socket
    struct UserSocket: Socket {
        static let userID = AssignKey<Int>("user_id")

        static let channels = Channels {
            channel("room:*", RoomChannel.self)
            channel("admin:*", AdminChannel.self, assigns: AdminChannel.area)
        }

        static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
            guard let user = await Accounts.user(params.string("key")) else { throw ConnectError.refused }
            var assigns = Assigns()
            assigns[userID] = user
            return assigns
        }

        static func id(_ assigns: Assigns) -> String? {
            assigns[userID].map { "users_socket:\($0)" }
        }
    }
    // end example

    final class AdminChannel: Firecrest.Channel {
        static let place = AssignKey<String>("place")
        static var area: Assigns {
            var assigns = Assigns()
            assigns[place] = "admin"
            return assigns
        }

        init(topic: Topic) {}

        static var events: [Event<AdminChannel>] {
            // example: assigns
            on("whoami") { _, _, socket in
                .ok(["user": socket.assigns[UserSocket.userID]])
            }
            // end example
            on("where") { _, _, socket in .ok(["place": socket.assigns[place]]) }
        }
    }
}
