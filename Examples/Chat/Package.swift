// swift-tools-version:6.2
// Firecrest — an example: a chat server as a package of its own.
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let package = Package(
    name: "Chat",
    platforms: [.macOS(.v26)],
    dependencies: [
        // In your own package: .package(url: "<where you got Firecrest>", from: "0.1.0")
        .package(name: "firecrest", path: "../.."),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "Chat", dependencies: [.product(name: "Firecrest", package: "firecrest")],
            swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        .executableTarget(
            name: "ChatServer",
            dependencies: [
                "Chat", .product(name: "Firecrest", package: "firecrest"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "ChatTests",
            dependencies: [
                "Chat", .product(name: "Firecrest", package: "firecrest"),
                .product(name: "FirecrestTesting", package: "firecrest"),
            ]),
    ]
)
