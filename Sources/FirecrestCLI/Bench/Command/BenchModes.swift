// Firecrest — the modes of `firecrest bench`, each with the options that mean something to it.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct BenchConnectCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect", abstract: "Open and join connections as fast as the server takes them.")

    @OptionGroup var common: BenchCommonArguments
    @Option(help: "Connections, 1 to 1000000.") var conns = 1_000
    @Option(help: "Connections of one topic.") var members = 1
    @Option(help: "Seconds to hold them afterwards, with heartbeats.") var seconds = 0.0

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.connect, topic: "room:%d")
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.members = try BenchCheck.range(members, BenchLoadArguments.connections, "--members")
        settings.seconds = try BenchCheck.range(seconds, 0...86_400, "--seconds")
        settings.warmup = 0
        return settings
    }
}

struct BenchIdleCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Hold joined connections that only send heartbeats: memory each, and the heartbeats' latency.")

    @OptionGroup var common: BenchCommonArguments
    @Option(help: "Connections, 1 to 1000000.") var conns = 1_000
    @Option(help: "Connections of one topic.") var members = 1
    @Option(help: "Seconds to hold them.") var seconds = 40.0

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.idle, topic: "room:%d")
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.members = try BenchCheck.range(members, BenchLoadArguments.connections, "--members")
        settings.seconds = try BenchCheck.range(seconds, 0.1...86_400, "--seconds")
        settings.warmup = 0
        return settings
    }
}

struct BenchEchoCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Push messages that the server answers with their payload.")

    @OptionGroup var common: BenchCommonArguments
    @OptionGroup var load: BenchLoadArguments
    @Option(help: "Connections, 1 to 1000000.") var conns = 64
    @Option(help: "Connections of one topic.") var members = 1
    @Option(help: "Messages a second, of all connections together (default: as fast as answers come).")
    var rate: Double?
    @Option(help: "Messages outstanding of each connection, without --rate, 1 to 10000.") var pipeline = 1
    @Option(help: "The event that is answered with its payload.") var event = "echo"
    @Flag(help: "Take replies of a connection in any order.") var anyOrder = false

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.echo, topic: "room:%d")
        try load.apply(to: &settings)
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.members = try BenchCheck.range(members, BenchLoadArguments.connections, "--members")
        settings.rate = try rate.map { try BenchCheck.range($0, BenchLoadArguments.rates, "--rate") }
        settings.pipeline = try BenchCheck.range(pipeline, BenchLoadArguments.pipelines, "--pipeline")
        settings.echoEvent = event
        settings.takesAnyOrder = anyOrder
        return settings
    }
}

struct BenchFanoutCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout", abstract: "One of many subscribers of a topic publishes; all have to get it.")

    @OptionGroup var common: BenchCommonArguments
    @OptionGroup var load: BenchLoadArguments
    @Option(help: "Subscribers, 1 to 1000000.") var conns = 1_000
    @Option(help: "Broadcasts a second (default: the next one when all have those before it).") var rate: Double?
    @Option(help: "Broadcasts that not all have yet, without --rate, 1 to 10000.") var pipeline = 1
    @Option(help: "The event that is broadcast to all, the publisher too.") var event = "new_msg"

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.fanout, topic: "room:lobby")
        try load.apply(to: &settings)
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.rate = try rate.map { try BenchCheck.range($0, BenchLoadArguments.rates, "--rate") }
        settings.pipeline = try BenchCheck.range(pipeline, BenchLoadArguments.pipelines, "--pipeline")
        settings.broadcastEvent = event
        return settings
    }
}

struct BenchHotCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "hot", abstract: "Many messages a second to few topics, one publisher each.")

    @OptionGroup var common: BenchCommonArguments
    @OptionGroup var load: BenchLoadArguments
    @Option(help: "Subscribers of all topics together, 1 to 1000000.") var conns = 100
    @Option(help: "Topics, at most as many as subscribers.") var topics = 1
    @Option(help: "Messages published a second, to all topics together.") var rate = 10_000.0
    @Option(help: "The event that is broadcast to all, the publisher too.") var event = "new_msg"

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.hot, topic: "room:%d")
        try load.apply(to: &settings)
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.topics = try BenchCheck.range(topics, 1...conns, "--topics")
        settings.rate = try BenchCheck.range(rate, BenchLoadArguments.rates, "--rate")
        settings.broadcastEvent = event
        return settings
    }
}

struct BenchStormCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm", abstract: "Connect, join, leave, close, over and over.")

    @OptionGroup var common: BenchCommonArguments
    @Option(help: "Connections at once, 1 to 1000000.") var conns = 64
    @Option(help: "Cycles begun a second (default: the next one when one is over).") var rate: Double?
    @Option(help: "Seconds that are measured, 0.1 to 86400.") var seconds = 10.0
    @Option(help: "Seconds of load before that, 0 to 3600.") var warmup = 2.0

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.storm, topic: "room:%d")
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.rate = try rate.map { try BenchCheck.range($0, BenchLoadArguments.rates, "--rate") }
        settings.seconds = try BenchCheck.range(seconds, 0.1...86_400, "--seconds")
        settings.warmup = try BenchCheck.range(warmup, 0...3_600, "--warmup")
        return settings
    }
}

struct BenchSlowReadersCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow-readers",
        abstract: "A hot topic with subscribers that hardly read, beside others that do.",
        discussion: "What the server does about the slow ones (drops messages, closes) is reported and is no error.")

    @OptionGroup var common: BenchCommonArguments
    @OptionGroup var load: BenchLoadArguments
    @Option(help: "Subscribers that read, 1 to 1000000.") var conns = 100
    @Option(help: "Subscribers that hardly do, 0 to 1000000.") var slow = 1_000
    @Option(help: "Bytes a second that each of those reads, 0.1 to 1000000.") var readRate = 1.0
    @Option(help: "Messages published a second.") var rate = 1_000.0
    @Option(help: "The event that is broadcast to all, the publisher too.") var event = "new_msg"

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.slowReaders, topic: "room:lobby")
        try load.apply(to: &settings)
        settings.connections = try BenchCheck.range(conns, BenchLoadArguments.connections, "--conns")
        settings.slowReaders = try BenchCheck.range(slow, 0...1_000_000, "--slow")
        settings.slowBytesPerSecond = try BenchCheck.range(readRate, 0.1...1_000_000, "--read-rate")
        settings.rate = try BenchCheck.range(rate, BenchLoadArguments.rates, "--rate")
        settings.broadcastEvent = event
        return settings
    }
}

struct BenchMixedCommand: BenchModeCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixed",
        abstract: "A bit of everything: of ten connections five are idle, two echo, two are in rooms, one storms.",
        discussion: """
            Half of the messages of --rate are pushes that are answered, half are published in rooms of --members. Each \
            connection that storms connects, joins, leaves and closes once a second.
            """)

    @OptionGroup var common: BenchCommonArguments
    @OptionGroup var load: BenchLoadArguments
    @Option(help: "Connections, 10 to 1000000.") var conns = 1_000
    @Option(help: "Connections of one room.") var members = 20
    @Option(help: "Messages a second, of all connections together.") var rate = 1_000.0
    @Option(help: "The event that is answered with its payload.") var echoEvent = "echo"
    @Option(help: "The event that is broadcast to all, the publisher too.") var broadcastEvent = "new_msg"

    func settings() throws -> BenchSettings {
        var settings = try common.settings(.mixed, topic: "room:%d")
        try load.apply(to: &settings)
        settings.connections = try BenchCheck.range(conns, 10...1_000_000, "--conns")
        settings.members = try BenchCheck.range(members, BenchLoadArguments.connections, "--members")
        settings.rate = try BenchCheck.range(rate, BenchLoadArguments.rates, "--rate")
        settings.echoEvent = echoEvent
        settings.broadcastEvent = broadcastEvent
        return settings
    }
}
