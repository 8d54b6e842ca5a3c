// Sends the orders of a file: a window of lines at a time, cut into batches of one user each.

internal import Client
internal import Formats
internal import Wire

struct LoadSender: Sendable {
  /// Lines in memory at a time: with 200 users about 1,000 orders a batch still wait their turn.
  private static let windowLines = 50_000
  /// Users that send at a time.
  private static let parallel = 8
  /// A batch waits out a minute or two of a server that is busy or starts again.
  static let maximumAttempts = 15

  let baseURL: String
  let keys: UserKeys
  let batchSize: Int
  let progress: LoadProgress
  let display: LoadDisplay

  /// One user's part of a window. Batches are numbered within the window in a fixed order, so that
  /// the progress of one run means the same to the next.
  private struct Part {
    var user: String
    var orders: [NewOrder] = []
    var firstBatch = 0
  }

  func send(_ file: consuming OrderFile) async throws {
    var window = 0
    while true {
      let parts = try nextWindow(&file)
      if parts.isEmpty { return }
      if window >= progress.windows {
        try await send(parts)
        try progress.done(window: window)
      }
      window += 1
    }
  }

  private func nextWindow(_ file: inout OrderFile) throws -> [Part] {
    var parts: [Part] = []
    var places: [String: Int] = [:]
    var count = 0
    while count < Self.windowLines, let line = try file.next() {
      guard case .order(let line) = line else { continue }
      count += 1
      if let place = places[line.user] {
        parts[place].orders.append(line.order)
      } else {
        places[line.user] = parts.count
        parts.append(Part(user: line.user, orders: [line.order]))
      }
    }
    var batches = 0
    for index in parts.indices {
      parts[index].firstBatch = batches
      batches += (parts[index].orders.count + batchSize - 1) / batchSize
    }
    return parts
  }

  private func send(_ parts: [Part]) async throws {
    var rest = parts.makeIterator()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<Self.parallel {
        if let part = rest.next() { group.addTask { try await send(part) } }
      }
      while try await group.next() != nil {
        if let part = rest.next() { group.addTask { try await send(part) } }
      }
    }
  }

  private func send(_ part: Part) async throws {
    var configuration = UncrossClient.Configuration(
      baseURL: baseURL, signer: try keys.signer(of: part.user))
    configuration.maximumAttempts = Self.maximumAttempts
    configuration.connections = 1
    let client = UncrossClient(configuration)
    do {
      try await send(part, client)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }

  private func send(_ part: Part, _ client: UncrossClient) async throws {
    for (index, start) in stride(from: 0, to: part.orders.count, by: batchSize).enumerated() {
      let number = part.firstBatch + index
      if progress.isDone(batch: number) { continue }
      try Task.checkCancellation()
      let orders = Array(part.orders[start..<min(start + batchSize, part.orders.count)])
      let outcomes: [OrderOutcome]
      do throws(APIError) {
        outcomes = try await client.place(orders)
      } catch {
        throw VerbFailure(part.user, VerbFailure(error))
      }
      guard outcomes.count == orders.count else {
        throw VerbFailure("a batch of \(orders.count) orders had \(outcomes.count) answers")
      }
      try progress.done(batch: number, LoadTotals(outcomes))
      display.show(progress.totals)
    }
  }
}

extension VerbFailure {
  fileprivate init(_ user: String, _ failure: VerbFailure) {
    self.init("\(failure.description), of user \(user)", status: failure.status)
  }
}
