// swift-tools-version: 6.2
// The module map of Uncross: a few deep targets; the arrows point from the shell to the kernel.
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "uncross",
  products: [.executable(name: "uncross", targets: ["uncross"])],
  dependencies: [
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration.git", exact: "1.4.0"),
    .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
    // What these need. Named here because a version that is not named is the newest of the day.
    .package(url: "https://github.com/apple/swift-algorithms.git", exact: "1.2.1"),
    .package(url: "https://github.com/apple/swift-asn1.git", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-async-algorithms.git", exact: "1.1.4"),
    .package(url: "https://github.com/apple/swift-atomics.git", exact: "1.3.0"),
    .package(url: "https://github.com/apple/swift-certificates.git", exact: "1.21.1"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing.git", exact: "1.7.3"),
    .package(url: "https://github.com/apple/swift-http-structured-headers.git", exact: "1.7.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-metrics.git", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", exact: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", exact: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-transport-services.git", exact: "1.28.0"),
    .package(url: "https://github.com/apple/swift-numerics.git", exact: "1.1.1"),
    .package(url: "https://github.com/apple/swift-service-context.git", exact: "1.5.1"),
    .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
  ],
  targets: [
    // SwiftPM warns of a package that no target uses, so one does.
    .target(
      name: "DependencyPins",
      dependencies: [
        .product(name: "Algorithms", package: "swift-algorithms"),
        .product(name: "SwiftASN1", package: "swift-asn1"),
        .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
        .product(name: "Atomics", package: "swift-atomics"),
        .product(name: "X509", package: "swift-certificates"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Instrumentation", package: "swift-distributed-tracing"),
        .product(name: "StructuredFieldValues", package: "swift-http-structured-headers"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "NIOExtras", package: "swift-nio-extras"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTransportServices", package: "swift-nio-transport-services"),
        .product(name: "RealModule", package: "swift-numerics"),
        .product(name: "ServiceContextModule", package: "swift-service-context"),
        .product(name: "SystemPackage", package: "swift-system"),
      ], swiftSettings: strict),

    // How values are written: JSON, hex, decimals, times. Standard library and the clock only.
    // Optimised in debug builds too: every body and answer of the tests goes through it.
    .target(
      name: "Formats",
      swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]),
    .testTarget(
      name: "FormatsTests", dependencies: ["Formats", "SeededNumbers"], swiftSettings: strict),

    // The kernel: standard library only.
    .target(name: "Auction", swiftSettings: strict),
    // Optimised in debug builds too: its tests count allocations, and run millions of commands.
    .target(
      name: "Engine", dependencies: ["Auction"],
      swiftSettings: strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]),

    // Postgres over libpq.
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .target(name: "Postgres", dependencies: ["CPostgres"], swiftSettings: strict),

    // Durability, accounting, publishing.
    .target(
      name: "Journal",
      dependencies: [
        "Engine", "Formats", "Postgres", .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "Ledger", dependencies: ["Engine", "Formats", "Postgres"], swiftSettings: strict),
    .target(
      name: "Tape",
      dependencies: [
        "Engine", "Formats", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),

    // Money from chains: formats and keys over libsecp256k1 (0.2 or newer), then the scanner.
    .systemLibrary(
      name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
    .target(
      name: "Ethereum",
      dependencies: ["CSecp256k1", "Formats", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    // What holds the key that spends: a process of its own. No database, no engine, no HTTP.
    .systemLibrary(name: "CSigner"),
    .target(
      name: "Signer",
      dependencies: [
        "CSigner", "Ethereum", "Formats",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ], swiftSettings: strict),
    .target(
      name: "Custody",
      dependencies: [
        "Engine", "Postgres", "Ethereum", "Formats",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),

    // The face. Each request and answer of the API is one type of the wire, and so is a request's
    // signature: the client writes them, the API reads them.
    .target(
      name: "Wire", dependencies: ["Formats", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    .target(
      name: "Client",
      dependencies: [
        "Formats", "Wire",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),
    .target(
      name: "API",
      dependencies: [
        "Auction", "Engine", "Ledger", "Wire", "Formats",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .target(
      name: "Embedded",
      dependencies: ["Postgres", "Formats", .product(name: "Logging", package: "swift-log")],
      swiftSettings: strict),
    .executableTarget(
      name: "uncross",
      dependencies: [
        "Auction", "Engine", "Postgres", "Journal", "Ledger", "Tape", "Custody", "Ethereum",
        "Signer", "API", "Client", "Embedded", "Formats", "Wire",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),

    // Random numbers of all tests; linked into no product.
    .target(name: "SeededNumbers", path: "Tests/SeededNumbers", swiftSettings: strict),
    .testTarget(
      name: "AuctionTests", dependencies: ["Auction", "SeededNumbers"], resources: [.copy("cases")],
      swiftSettings: strict),
    // Counts allocations in tests; linked into no product.
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "EngineTests", dependencies: ["Engine", "Auction", "AllocationCounter"],
      swiftSettings: strict),
    .testTarget(
      name: "EthereumTests", dependencies: ["Ethereum", "Formats", "SeededNumbers"],
      resources: [.copy("vectors")],
      swiftSettings: strict),
    .testTarget(
      name: "JournalTests",
      dependencies: [
        "Auction", "Engine", "Formats", "Journal", "Postgres", "Tape", "SeededNumbers",
      ],
      resources: [.copy("golden")], swiftSettings: strict),
    // Real servers for the tests that need them, and waiting for what they do; linked into no
    // product.
    .target(
      name: "TestServers",
      dependencies: ["Embedded", .product(name: "Logging", package: "swift-log")],
      path: "Tests/TestServers", swiftSettings: strict),
    // A real database and a whole core for the tests that need them; linked into no product.
    .target(
      name: "CoreFixture",
      dependencies: [
        "TestServers", "Auction", "Engine", "Journal", "Ledger", "Postgres", "Embedded",
      ], path: "Tests/CoreFixture", swiftSettings: strict),
    .testTarget(
      name: "LedgerTests",
      dependencies: [
        "CoreFixture", "TestServers", "SeededNumbers", "Auction", "Engine", "Journal", "Ledger",
        "Postgres", "Embedded",
      ], swiftSettings: strict),
    .testTarget(
      name: "TapeTests",
      dependencies: [
        "Auction", "Engine", "Formats", "Journal", "Tape", "SeededNumbers", "TestServers",
      ],
      resources: [.copy("golden")], swiftSettings: strict),
    .testTarget(
      name: "CustodyTests",
      dependencies: [
        "Custody", "CoreFixture", "Formats", "TestServers", "SeededNumbers", "Signer", "uncross",
        "Ethereum", "Engine", "Journal", "Ledger", "Postgres", "Embedded", "Wire",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "SignerTests",
      dependencies: [
        "Signer", "Ethereum", "Formats", "uncross", "SeededNumbers",
        .product(name: "Crypto", package: "swift-crypto"),
      ], swiftSettings: strict),
    .testTarget(
      name: "SystemTests",
      dependencies: [
        "Client", "Embedded", "Engine", "Formats", "Journal", "Postgres", "uncross",
        "SeededNumbers", "TestServers", "Wire", .product(name: "Logging", package: "swift-log"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ], exclude: ["golden"], swiftSettings: strict),
    .testTarget(
      name: "APITests",
      dependencies: [
        "API", "Client", "Engine", "Formats", "Ledger", "Auction", "SeededNumbers", "TestServers",
        "Wire",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: strict),
    .testTarget(
      name: "PostgresTests",
      dependencies: [
        "Postgres", "Embedded", "TestServers", "SeededNumbers",
      ], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
