// swift-tools-version:6.2
// Firecrest — the package: modules from the bytes (FirecrestWire) up to the program (FirecrestCLI).
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

let package = Package(
    name: "firecrest",
    platforms: [.macOS(.v26)],
    products: [
        .library(name: "Firecrest", targets: ["Firecrest"]),
        .library(name: "FirecrestJWT", targets: ["FirecrestJWT"]),
        .library(name: "FirecrestTesting", targets: ["FirecrestTesting"]),
        .library(name: "FirecrestWorkers", targets: ["FirecrestWorkers"]),
        .executable(name: "firecrest", targets: ["FirecrestCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CFirecrestZlib",
            pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]
        ),
        .target(
            name: "FirecrestWire",
            dependencies: [
                "CFirecrestZlib",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["README.md"],
            swiftSettings: house + [.strictMemorySafety()]
        ),
        .target(
            name: "FirecrestProtocol",
            dependencies: ["FirecrestWire", .product(name: "NIOCore", package: "swift-nio")],
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestPubSub",
            dependencies: [
                "FirecrestProtocol",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestHTTP",
            dependencies: [
                "FirecrestWire",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .target(
            name: "Firecrest",
            dependencies: [
                "FirecrestWire", "FirecrestProtocol", "FirecrestPubSub", "FirecrestHTTP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestWorkers",
            dependencies: [
                "Firecrest", "FirecrestProtocol", "FirecrestPubSub", "FirecrestHTTP",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md", "Hub/README.md"],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestJWT",
            dependencies: [
                "Firecrest", "FirecrestProtocol", "FirecrestWire",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestTesting",
            dependencies: [
                "Firecrest", "FirecrestWire", "FirecrestProtocol", "FirecrestPubSub", "FirecrestHTTP",
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["README.md"],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestJavaScript",
            path: "JavaScript",
            exclude: ["README.md"],
            sources: ["FirecrestJavaScript.swift"],
            resources: [.embedInCode("firecrest.js")],
            swiftSettings: house
        ),
        .executableTarget(
            name: "FirecrestCLI",
            dependencies: [
                "Firecrest", "FirecrestJavaScript", "FirecrestHTTP", "FirecrestProtocol", "FirecrestWire",
                "FirecrestWorkers",
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["README.md", "Compare/README.md"],
            resources: [
                .embedInCode("Page/index.html"), .embedInCode("Page/style.css"), .embedInCode("Page/tabs.css"),
                .embedInCode("Page/page.js"), .embedInCode("Page/tabs.js"), .embedInCode("Page/chat.js"),
                .embedInCode("Page/ticker.js"), .embedInCode("Page/desk.js"), .embedInCode("Page/dots.js"),
                .embedInCode("Page/figures.js"), .embedInCode("Page/notify.js"), .embedInCode("Page/compare.js"),
                .embedInCode("Page/handshake.js"),
                // Links to the channels in Demo/, for the page to show.
                .embedInCode("Page/Source"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "FirecrestTestSupport",
            dependencies: [
                "Firecrest", "FirecrestWire", "FirecrestWorkers", "FirecrestHTTP",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            path: "Tests/FirecrestTestSupport",
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestWireTests",
            dependencies: ["FirecrestWire", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestProtocolTests",
            dependencies: ["FirecrestProtocol", "FirecrestWire", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestPubSubTests",
            dependencies: [
                "FirecrestPubSub", "FirecrestProtocol", .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestHTTPTests",
            dependencies: [
                "FirecrestHTTP", "Firecrest", "FirecrestTestSupport", "FirecrestWire",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestTests",
            dependencies: [
                "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestPubSub", "FirecrestTesting",
                "FirecrestTestSupport", "FirecrestWire",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestConformanceTests",
            dependencies: [
                "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestPubSub", "FirecrestWire",
                "FirecrestTestSupport", "FirecrestWorkers",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestWorkersTests",
            dependencies: [
                "FirecrestWorkers", "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestPubSub",
                "FirecrestTestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestJWTTests",
            dependencies: [
                "FirecrestJWT", "Firecrest", "FirecrestProtocol", "FirecrestTesting", "FirecrestTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ],
            swiftSettings: house
        ),
        // The examples of docs/from-phoenix.md, which scripts/page-examples compares with the page.
        .testTarget(
            name: "FromPhoenixTests",
            dependencies: [
                "Firecrest", "FirecrestJWT", "FirecrestProtocol", "FirecrestTesting", "FirecrestTestSupport",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestCLITests",
            dependencies: [
                "FirecrestCLI", "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestWire",
                "FirecrestTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestReliabilityTests",
            dependencies: [
                "Firecrest", "FirecrestHTTP", "FirecrestJWT", "FirecrestProtocol", "FirecrestPubSub", "FirecrestWire",
                "FirecrestWorkers",
                "FirecrestTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: house
        ),
    ]
)

// Fuzzing (docs/fuzzing.md) builds only what it runs, with coverage in our modules and in no one else's. Of Firecrest it
// takes the files that read what a request says: with the rest, Hummingbird would be built too.
if Context.environment["FIRECREST_FUZZ"] != nil {
    let coverage: [SwiftSetting] = [
        .unsafeFlags(["-sanitize=fuzzer", "-profile-generate", "-profile-coverage-mapping", "-assert-config", "Debug"])
    ]
    package.products = []
    package.targets.removeAll { !["CFirecrestZlib", "FirecrestWire", "FirecrestProtocol"].contains($0.name) }
    for target in package.targets where target.type == .regular {
        target.swiftSettings = (target.swiftSettings ?? []) + coverage
    }
    package.targets += [
        .target(
            name: "Firecrest",
            dependencies: [
                "FirecrestProtocol", "FirecrestWire", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
            ],
            sources: [
                "Security/Base64URL.swift", "Security/HTTPToken.swift", "Security/LoggedText.swift",
                "Security/Origin.swift", "Security/SocketGrant.swift", "Security/TopicGrant.swift",
                "Security/URIAuthority.swift", "Security/Token", "Security/Session/CSRFToken.swift",
                "Security/Session/CookieHeader.swift", "Security/Session/Session.swift",
                "Security/Session/SessionCookies.swift", "Security/Session/SessionOptions.swift",
                "Socket/ConnectParams.swift", "Socket/MountPath.swift", "Socket/QueryDecoder.swift",
                "Transport/EventStream/LastEventID.swift", "Transport/LongPoll/LineCount.swift",
                "Transport/LongPoll/PublishBody.swift",
                "Transport/LongPoll/PublishBodyError.swift", "Transport/Session/NodeTag.swift",
                "Transport/Session/SessionAddress.swift", "Transport/Session/SessionID.swift",
                "Transport/Session/SessionTokens.swift",
            ],
            // Tokens are no business of other modules; the target that reads them is a test.
            swiftSettings: house + coverage + [.unsafeFlags(["-enable-testing"])]
        ),
        // Without jwt-kit: what reads tokens is ours, and a signature is any function of bytes.
        .target(
            name: "FirecrestJWT",
            dependencies: ["Firecrest", "FirecrestProtocol", "FirecrestWire"],
            sources: [
                "JWSAlgorithm.swift", "JWTExpectedClaim.swift", "JWTKeySource.swift", "JWTVerifierError.swift",
                "JWTVerifierOptions.swift", "Keys/JSONWebKey.swift", "Keys/KeySet.swift", "Token",
            ],
            swiftSettings: house + coverage + [.unsafeFlags(["-enable-testing"])]
        ),
        // What workers and the hub say to each other, without the links that carry it.
        .target(
            name: "FirecrestWorkers",
            dependencies: [.product(name: "NIOCore", package: "swift-nio")],
            sources: [
                "WorkerID.swift", "Hub/HubDecoder.swift", "Hub/HubError.swift", "Hub/HubFigures.swift",
                "Hub/HubFrame.swift", "Hub/HubOutbox.swift", "Hub/HubStatistics.swift",
            ],
            swiftSettings: house + coverage
        ),
        .systemLibrary(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
        // A second reading of RFC 8259, which the unit tests compare with too.
        .target(
            name: "FuzzReference", dependencies: ["FirecrestWire"], path: "Tests/FirecrestWireTests/JSON",
            sources: ["ReferenceJSON.swift"], swiftSettings: house
        ),
        .executableTarget(
            name: "FirecrestFuzz",
            dependencies: [
                "CLibFuzzer", "FuzzReference", "Firecrest", "FirecrestJWT", "FirecrestProtocol", "FirecrestWire",
                "FirecrestWorkers",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Fuzz",
            exclude: ["CLibFuzzer", "Corpus"],
            swiftSettings: house
                + (Context.environment["FIRECREST_PLANTED_BUG"] == nil ? [] : [.define("FIRECREST_PLANTED_BUG")]),
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-profile-generate", "-use-ld=lld"])]
        ),
    ]
}

// Benchmarks (Benchmarks/README.md) take the place of malloc in their executable, which nothing else may link.
if Context.environment["FIRECREST_BENCHMARKS"] != nil {
    package.targets += [
        .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
        .executableTarget(
            name: "FirecrestBenchmarks",
            dependencies: [
                "CAllocationCounter", "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestPubSub",
                "FirecrestWire",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
            ],
            path: "Benchmarks/FirecrestBenchmarks",
            swiftSettings: house
        ),
    ]
}
