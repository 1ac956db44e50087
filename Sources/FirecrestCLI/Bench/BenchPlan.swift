// Firecrest — which connection does what, and on which topic.
// SPDX-License-Identifier: Apache-2.0

/// The same in every process: a connection's number says all about it.
struct BenchPlan: Sendable {
    enum Role: UInt8, Sendable {
        /// Joins and sends heartbeats.
        case idle
        /// Pushes what is answered.
        case echo
        /// Publishes to its topic, and listens to it.
        case speaker
        case listener
        /// Listens, and reads so many bytes a second.
        case slow
        /// Connects, joins, leaves and closes, over and over.
        case storm
    }

    struct Place: Equatable, Sendable {
        var role: Role
        var topic: Int32
    }

    let settings: BenchSettings

    /// All connections, of all processes.
    var total: Int { settings.connections + settings.slowReaders }

    /// The numbers of this process's connections. Slow readers have processes of their own, so that what is done for them
    /// does not count as the others' latency.
    var range: Range<Int> {
        let (process, processes) = (settings.process, max(settings.processes, 1))
        guard settings.mode == .slowReaders, settings.connections > 0, settings.slowReaders > 0, processes > 1 else {
            return Self.part(process, of: processes, in: 0..<total)
        }
        let prompt = processes - processes / 2
        return process < prompt
            ? Self.part(process, of: prompt, in: 0..<settings.connections)
            : Self.part(process - prompt, of: processes - prompt, in: settings.connections..<total)
    }

    /// Whether this process has slow readers and nobody else.
    var hasOnlySlowReaders: Bool { range.allSatisfy { place($0).role == .slow } && !range.isEmpty }

    private static func part(_ part: Int, of parts: Int, in all: Range<Int>) -> Range<Int> {
        all.lowerBound + all.count * part / parts..<all.lowerBound + all.count * (part + 1) / parts
    }

    func place(_ number: Int) -> Place {
        switch settings.mode {
        case .connect, .idle: return Place(role: .idle, topic: Int32(number / settings.members))
        case .echo: return Place(role: .echo, topic: Int32(number / settings.members))
        case .fanout: return Place(role: number == 0 ? .speaker : .listener, topic: 0)
        case .hot:
            let topic = hotTopic(number)
            let isFirst = number == 0 || hotTopic(number - 1) != topic
            return Place(role: isFirst ? .speaker : .listener, topic: Int32(topic))
        case .storm: return Place(role: .storm, topic: Int32(number))
        case .slowReaders:
            if number >= settings.connections { return Place(role: .slow, topic: 0) }
            return Place(role: number == 0 ? .speaker : .listener, topic: 0)
        case .mixed: return mixed(number)
        }
    }

    /// How many there are of those that send, over all processes.
    var counts: (echoes: Int, speakers: Int, storms: Int) {
        var counts = (echoes: 0, speakers: 0, storms: 0)
        for number in 0..<total {
            switch place(number).role {
            case .echo: counts.echoes += 1
            case .speaker: counts.speakers += 1
            case .storm: counts.storms += 1
            case .idle, .listener, .slow: break
            }
        }
        return counts
    }

    /// The speaker of a topic, whose messages the others get.
    func speaker(of topic: Int32) -> UInt32 {
        switch settings.mode {
        case .hot: UInt32((Int(topic) * settings.connections + settings.topics - 1) / settings.topics)
        case .mixed:
            UInt32(Self.roomMember((Int(topic) - settings.connections) * settings.members))
        default: 0
        }
    }

    private func hotTopic(_ number: Int) -> Int { number * settings.topics / settings.connections }

    /// Of ten: five idle, two push, two are in rooms, one storms.
    private func mixed(_ number: Int) -> Place {
        switch number % 10 {
        case 0..<5: return Place(role: .idle, topic: Int32(number))
        case 5, 6: return Place(role: .echo, topic: Int32(number))
        case 7, 8:
            let member = number / 10 * 2 + number % 10 - 7
            let room = member / settings.members
            return Place(
                role: member % settings.members == 0 ? .speaker : .listener, topic: Int32(settings.connections + room))
        default: return Place(role: .storm, topic: Int32(number))
        }
    }

    /// The connection that is the `member`th in rooms.
    private static func roomMember(_ member: Int) -> Int { member / 2 * 10 + 7 + member % 2 }
}
