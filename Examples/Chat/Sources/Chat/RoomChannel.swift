// Firecrest — the example's channel: one room as one client sees it.
// SPDX-License-Identifier: Apache-2.0

public import Firecrest

struct NewMessage: Codable {
    var body: String
}

struct ChatMessage: Codable {
    var from: String
    var body: String
}

struct Reminder: Codable {
    var text: String
    var seconds: Int
}

public final class RoomChannel: Channel {
    private var sent = 0

    public init(topic: Topic) {}

    public func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        if socket.topic.subtopic == "staff", params["password"] != "swordfish" {
            return .error(["reason": "staff only"])
        }
        socket.send(Joined())
        return .ok(["topic_line": "Welcome to \(socket.topic.subtopic)"])
    }

    public static var events: [Event<RoomChannel>] {
        on("new_msg", NewMessage.self) { room, message, socket in
            guard !message.body.isEmpty else { return .error(["reason": "empty message"]) }
            room.sent += 1
            socket.broadcast("new_msg", ChatMessage(from: socket.assigns[.name] ?? "?", body: message.body))
            return .ok(["sent": room.sent])
        }
        on("remind_me", Reminder.self) { _, reminder, socket in
            socket.send(reminder, after: .seconds(reminder.seconds))
            return .ok
        }
        on("translate", NewMessage.self) { _, message, _ in
            .ok(["body": await Translator.translate(message.body)])
        }
    }

    private struct Joined: Sendable {}

    public func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        switch message {
        case is Joined: socket.broadcastFrom("user_joined", ["name": socket.assigns[.name]])
        case let reminder as Reminder: socket.push("reminder", ["text": reminder.text])
        default: break
        }
    }
}

/// Stands for a service that takes a while.
enum Translator {
    static func translate(_ text: String) async -> String {
        await Task.yield()
        return text.uppercased()
    }
}
