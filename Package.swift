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
        .library(name: "FirecrestTesting", targets: ["FirecrestTesting"]),
        .executable(name: "firecrest", targets: ["FirecrestCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
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
                "Firecrest", "FirecrestWire", "FirecrestHTTP",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
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
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "FirecrestTests",
            dependencies: [
                "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestPubSub", "FirecrestTesting",
                "FirecrestTestSupport",
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
                "FirecrestTestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
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
                "Firecrest", "FirecrestHTTP", "FirecrestProtocol", "FirecrestPubSub", "FirecrestWire",
                "FirecrestTestSupport",
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
            ],
            sources: [
                "Security/Base64URL.swift", "Security/Origin.swift", "Security/URIAuthority.swift",
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
        .systemLibrary(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
        // A second reading of RFC 8259, which the unit tests compare with too.
        .target(
            name: "FuzzReference", dependencies: ["FirecrestWire"], path: "Tests/FirecrestWireTests/JSON",
            sources: ["ReferenceJSON.swift"], swiftSettings: house
        ),
        .executableTarget(
            name: "FirecrestFuzz",
            dependencies: [
                "CLibFuzzer", "FuzzReference", "Firecrest", "FirecrestProtocol", "FirecrestWire",
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
    package.dependencies.append(.package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"))
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
        .executableTarget(
            name: "TLSIdle",
            dependencies: [
                "Firecrest",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Benchmarks/TLSIdle",
            swiftSettings: house
        ),
    ]
}
