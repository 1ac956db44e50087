// Firecrest — the serializers of a mount, and which protocol version gets which.
// SPDX-License-Identifier: Apache-2.0

public import FirecrestProtocol

/// A serializer together with the protocol versions (`vsn`) that it is for.
public struct SerializerOption: Sendable {
    enum Kind: Sendable {
        /// One of ours, with the endpoint's `MessageLimits`; shared by all mounts.
        case v1, v2, etf
        case custom(any Serializer)
    }

    let kind: Kind
    let versions: String

    private init(_ kind: Kind, _ versions: String) {
        self.kind = kind
        self.versions = versions
    }

    /// `V1JSONSerializer` for `~> 1.0.0`.
    public static let v1 = SerializerOption(.v1, "~> 1.0.0")
    /// `V2JSONSerializer` for `~> 2.0.0`.
    public static let v2 = SerializerOption(.v2, "~> 2.0.0")

    /// `ETFSerializer` for `~> 3.0.0`, and for clients that connect with `encoding=etf`, whatever their `vsn`. Over WebSockets
    /// only. Not among the defaults: Phoenix has nothing like it.
    public static let etf = SerializerOption(.etf, "~> 3.0.0")

    /// A serializer of your own.
    ///
    /// - Parameter versions: `~> X.Y.Z`, which takes versions from X.Y.Z up to the next minor one (Phoenix's `serializer`
    ///   option). Anything else is an error when the endpoint is made.
    public init(_ serializer: any Serializer, versions: String) {
        self.init(.custom(serializer), versions)
    }
}

/// All serializers of an endpoint. Their places are their numbers everywhere in the process.
struct SerializerTable: Sendable {
    private(set) var serializers: [any Serializer]

    /// The place of `V2JSONSerializer`.
    static let v2 = 1
    /// The place of the one for one-way event streams, which no version asks for.
    static let eventStream = 2
    /// The place of `ETFSerializer`, whose frames only a WebSocket carries.
    static let etf = 3

    /// Ours stand first.
    init(_ limits: MessageLimits) {
        serializers = [
            V1JSONSerializer(limits: limits), V2JSONSerializer(limits: limits), EventStreamSerializer(),
            ETFSerializer(limits: limits),
        ]
    }

    /// Enters a mount's serializers.
    ///
    /// - Parameter mount: the mount's path, for the error.
    mutating func choice(_ options: [SerializerOption], mount: String) throws(OptionError) -> SerializerChoice {
        guard !options.isEmpty else {
            throw OptionError(
                .malformed, option: "serializers of the socket at \(mount)",
                sentence: "are none; name at least one, for example .v2")
        }
        var entries: [(VersionRequirement, Int)] = []
        for option in options {
            guard let requirement = VersionRequirement(option.versions) else {
                throw OptionError(
                    .malformed, option: "serializers of the socket at \(mount)",
                    sentence:
                        "has the versions \"\(option.versions)\"; write \"~> 2.0.0\" for 2.0.0 up to, not including, 2.1.0"
                )
            }
            switch option.kind {
            case .v1: entries.append((requirement, 0))
            case .v2: entries.append((requirement, Self.v2))
            case .etf: entries.append((requirement, Self.etf))
            case .custom(let serializer):
                entries.append((requirement, serializers.count))
                serializers.append(serializer)
            }
        }
        return SerializerChoice(entries: entries)
    }
}

/// A mount's list: the first entry that takes a version serves it.
struct SerializerChoice: Sendable {
    let entries: [(requirement: VersionRequirement, index: Int)]

    func index(for version: ProtocolVersion) -> Int? {
        entries.first { $0.requirement.accepts(version) }?.index
    }

    /// Whether terms are served, which may be asked for with `encoding=etf`, too.
    var hasTerms: Bool { entries.contains { $0.index == SerializerTable.etf } }

    /// For a client that named no version: an object is 1.0.0, anything else 2.0.0. nil when neither is served.
    func index(firstByte: UInt8?) -> Int? {
        let versions = firstByte == UInt8(ascii: "{") ? ["1.0.0", "2.0.0"] : ["2.0.0", "1.0.0"]
        return versions.lazy.compactMap { ProtocolVersion($0) }.compactMap(index(for:)).first
    }
}
