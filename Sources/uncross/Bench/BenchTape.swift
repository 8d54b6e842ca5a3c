// Publishing to the Worker's host, against posting the very same batches by hand.

internal import AsyncHTTPClient
internal import Auction
internal import Client
internal import Embedded
internal import Engine
internal import Formats
internal import Foundation
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization
internal import Tape
internal import Wire

struct BenchTape {
  /// One batch as it was sent.
  private struct Sent {
    var path: String
    var extra: [(name: String, value: String)]
    var body: [UInt8]
  }

  let root: String
  let logger: Logger
  private static let auctions = 60
  private static let ordersOfAuction = 10_000

  func run(_ report: inout BenchReport) async throws {
    let signer = RequestSigner()
    let keys = root + "/keys.txt"
    try signer.publicKeyHex.write(toFile: keys, atomically: true, encoding: .utf8)
    let source = FileManager.default.currentDirectoryPath + "/worker"
    let project = FileManager.default.currentDirectoryPath
    guard let deno = WorkerHost.findDeno(project: project) else {
      Output.line("publishing: no Deno here, left out (make setup)")
      return
    }
    let groups = Self.groups()
    let trades = groups.reduce(0) { $0 + $1.trades.count }
    let first = try WorkerHost(
      deno: deno, source: source, data: root + "/worker-a", keysFile: keys, logger: logger)
    defer { first.stop() }
    let sent = Mutex<[Sent]>([])
    let elapsed = try await publish(
      groups, to: first.start(), signer, record: { item in sent.withLock { $0.append(item) } })
    let second = try WorkerHost(
      deno: deno, source: source, data: root + "/worker-b", keysFile: keys, logger: logger)
    defer { second.stop() }
    let floor = try await post(sent.withLock { $0 }, to: second.start(), signer)
    report.add(
      BenchRow(
        name: "tape: publishing", rate: Double(trades) / elapsed, unit: "trades/s",
        floor: Double(trades) / floor, floorName: "trades/s, the same batches posted by hand"))
  }

  /// The effects of runs that trade a lot, as the core would hand them over.
  private static func groups() -> [Effects] {
    var engine = AuctionEngine()
    for command in BenchWorld.genesis() { engine.apply(command) }
    var world = BenchWorld(seed: 4)
    var groups: [Effects] = []
    for _ in 0..<auctions {
      for _ in 0..<ordersOfAuction { engine.apply(.order(.place(world.order(crossing: true)))) }
      engine.apply(.schedule(.advanceTime(engine.time + BenchWorld.interval)))
      for run in engine.dueRuns(at: engine.time) { engine.apply(run) }
      groups.append(engine.effects)
      engine.effects.removeAll()
    }
    return groups
  }

  private func publish(
    _ groups: [Effects], to url: String, _ signer: RequestSigner,
    record: @escaping @Sendable (Sent) -> Void
  ) async throws -> Double {
    let tape = TapePublishing(
      TapePublishing.Configuration(
        workerURL: url, epochs: try TapeEpochs(path: root + "/epochs.json"),
        sign: { method, path, extra, body in
          record(Sent(path: path, extra: extra, body: body))
          return try signer.sign(
            method: method, target: path, body: body, extra: extra,
            created: Timestamp.now().seconds
          ).all
        }, replay: { _, _, _ in }, onHalt: { Output.line("halted: \($0) \($1)") }),
      writer: TapeWriter())
    let clock = ContinuousClock()
    let began = clock.now
    for (number, effects) in groups.enumerated() {
      tape.publish(
        effects,
        anchor: TapeAnchor(
          sequence: Int64(number + 1), commands: 1, hash: [UInt8](repeating: 0, count: 32)))
    }
    guard await tape.drain(withinSeconds: 120) else {
      throw EmbeddedError("the tape did not drain")
    }
    let elapsed = clock.now - began
    await tape.stop()
    return elapsed / .seconds(1)
  }

  private func post(_ sent: [Sent], to url: String, _ signer: RequestSigner) async throws -> Double
  {
    struct Answer: Decodable { var epoch: String }
    var epoch = "-"
    let clock = ContinuousClock()
    let began = clock.now
    for item in sent {
      var extra = item.extra
      extra[0].value = epoch
      var request = HTTPClientRequest(url: url + item.path)
      request.method = .POST
      let signature = try signer.sign(
        method: "POST", target: item.path, body: item.body, extra: extra,
        created: Timestamp.now().seconds)
      for header in extra + signature.all {
        request.headers.replaceOrAdd(name: header.name, value: header.value)
      }
      request.body = .bytes(item.body)
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
      let body = try await response.body.collect(upTo: 1 << 16)
      guard response.status == .ok else { throw EmbeddedError("HTTP \(response.status.code)") }
      let answer: Answer = try JSON.value(from: Array(body.readableBytesView))
      epoch = answer.epoch
    }
    return (clock.now - began) / .seconds(1)
  }
}
