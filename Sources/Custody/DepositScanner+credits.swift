// From a ripe deposit to the engine: looked at again, numbered, sent; and what the chain lost taken
// back.

internal import Engine
internal import Ethereum
internal import Foundation
internal import Postgres
internal import Synchronization

extension DepositScanner {
  // MARK: Credits

  func credit(_ session: inout Session) throws {
    session.alarms.subtract([.secondNodeDisagrees, .blockNotProved])
    if let tip = session.follower.tip, session.follower.lag == 0 {
      let finalized = session.follower.finalized
      let heights = scan.rules.assets.map { ($0.code, $0.ripeHeight(tip.height, finalized)) }
      var (after, isLast) = (Int64(0), false)
      var waiting = Waiting()
      while !isLast {
        let page = try session.store.ripe(heights, after: after, limit: configuration.creditBatch)
        isLast = page.count < configuration.creditBatch
        after = page.last?.id ?? after
        waiting.transactions.formUnion(page.map(\.transaction))
        waiting.blocks.formUnion(page.map(\.block))
        let confirmed = try confirmAgain(page, &waiting, &session)
        if confirmed.isEmpty { continue }
        try session.store.number(confirmed)
        try configuration.onBoundary(.numbered)
      }
      publish(waiting, &session)
    }
    try submit(&session)
    // Another node takes its place.
    if let forgery = session.forgery { throw NodeError.doubtful(forgery) }
  }

  /// What the deposits that are ripe, and have no number, wait for.
  private struct Waiting {
    var transactions: Set<Hash32> = []
    var blocks: Set<Hash32> = []
    /// Deposits that no other node agrees about.
    var unagreed = 0
  }

  private func publish(_ waiting: Waiting, _ session: inout Session) {
    let unread = unread.withLock { suspects in
      suspects.keep(waiting.transactions)
      return suspects.count
    }
    untraced.withLock { $0.keep(waiting.transactions) }
    absent.withLock { $0.keep(waiting.blocks) }
    let unproved = unproved.withLock { suspects in
      suspects.keep(waiting.blocks)
      return suspects.count
    }
    session.alarms.set(.blockNotProved, unproved > 0)
    session.alarms.set(.secondNodeDisagrees, waiting.unagreed > 0)
    figures.withLock { figures in
      (figures.unread, figures.unproved) = (unread, unproved)
      figures.unagreed = waiting.unagreed
    }
  }

  /// Those that, looked at once more by transaction, lie where they were found, in a block that
  /// another node has too; of large ones a second node must have the transaction; and their block,
  /// proved by its hash, has them. A number is given for ever.
  private func confirmAgain(
    _ ripe: [Deposit], _ waiting: inout Waiting, _ session: inout Session
  ) throws -> [Deposit] {
    let confirmed = confirm(ripe, by: try read(ripe), traces(of: ripe))
    let ids = Set(confirmed.map(\.id))
    let missing = unread.withLock { unread in
      ripe.filter { !ids.contains($0.id) && !unread.contains($0.transaction) }
    }
    try takeOffForged(missing, &session)
    let known = knownToAnother(confirmed)
    let large = try large(known, session.store)
    let agreed = large.isEmpty ? [] : Set(try confirmByAnother(large).map(\.id))
    let held = Set(large.map(\.id)).subtracting(agreed)
    waiting.unagreed += confirmed.count - known.count + held.count
    return try proved(known.filter { !held.contains($0.id) }, &session)
  }

  /// Those with which an asset's credits of a window come to where a second node must agree: many
  /// small ones are as much as a large one.
  private func large(
    _ deposits: [Deposit], _ store: borrowing CustodyStore
  ) throws(PostgresError) -> [Deposit] {
    let isAsked = deposits.contains {
      scan.rules.asset(named: $0.asset)?.secondNodeFrom != nil
    }
    guard isAsked else { return [] }
    var sums = try store.credited(withinSeconds: configuration.secondNodeWindowSeconds)
    return deposits.filter { deposit in
      guard let most = scan.rules.asset(named: deposit.asset)?.secondNodeFrom else { return false }
      let (sum, overflow) = (sums[deposit.asset] ?? 0).addingReportingOverflow(deposit.amount)
      sums[deposit.asset] = overflow ? .max : sum
      return overflow || sum >= most
    }
  }

  /// The transactions of deposits, by the node in use. One that it does not tell is asked alone
  /// from then on, so that no other waits for it; its deposits wait, and are reported.
  private func read(_ deposits: [Deposit]) throws -> [Hash32: ChainNode.MinedTransaction] {
    let hashes = Array(Set(deposits.map(\.transaction))).sorted()
    let (sound, suspects) = unread.withLock { unread in
      (hashes.filter { !unread.contains($0) }, unread.due(hashes, at: .now))
    }
    var found: [Hash32: ChainNode.MinedTransaction] = [:]
    for asked in [sound] + suspects.map({ [$0] }) where !asked.isEmpty {
      for (hash, result) in zip(asked, try node.mined(asked)) {
        switch result {
        case .success(let mined):
          found[hash] = mined
          unread.withLock { $0.told(hash) }
        case .failure(let error):
          let isNew = unread.withLock { $0.failed(hash, at: .now) }
          figures.withLock { $0.nodeErrors += 1 }
          guard isNew else { continue }
          let ids = deposits.filter { $0.transaction == hash }.map { "\($0.id)" }
          report(
            "\(configuration.chain): deposits wait (\(ids.joined(separator: ", "))): the node does "
              + "not tell their transaction \(hash): \(error)")
        }
      }
    }
    return found
  }

  /// Those of which a node has the very transfer in the very block.
  private func confirm(
    _ deposits: [Deposit], by found: [Hash32: ChainNode.MinedTransaction],
    _ traces: [Hash32: CallTrace]
  ) -> [Deposit] {
    deposits.filter { deposit in
      guard let (transaction, receipt) = found[deposit.transaction],
        transaction.hash == deposit.transaction, receipt.transaction == deposit.transaction,
        receipt.block == deposit.block, receipt.isGapless,
        let asset = scan.rules.asset(named: deposit.asset)
      else { return false }
      let watching: (Address) -> Bool = { [addresses] in addresses.owner($0) != nil }
      var transfers = scan.transfers(transaction, receipt, watching: watching)
      if let trace = traces[deposit.transaction] {
        transfers += (try? scan.transfers(trace, transaction, receipt, watching: watching)) ?? []
      }
      return transfers.contains {
        $0.outRef == deposit.outRef && $0.raw == deposit.raw && $0.recipient == deposit.address
          && $0.source == asset.source
      }
    }
  }

  /// The traces of those that were paid from inside a call. Where a node gives none such a deposit
  /// waits, and no other does.
  private func traces(of deposits: [Deposit]) -> [Hash32: CallTrace] {
    let hashes = Array(Set(deposits.filter(\.isFromInside).map(\.transaction))).sorted()
    let asked = untraced.withLock { untraced in
      hashes.filter { !untraced.contains($0) } + untraced.due(hashes, at: .now)
    }
    var found: [Hash32: CallTrace] = [:]
    for hash in asked {
      do throws(NodeError) {
        found[hash] = try node.trace(hash)
        untraced.withLock { $0.told(hash) }
      } catch {
        _ = untraced.withLock { $0.failed(hash, at: .now) }
        noteAside(error)
      }
    }
    return found
  }

  /// Those of which another node, of the same chain, says the same, and that they are as deep or as
  /// final as their asset asks for. One that is away, behind or of another chain is reported and
  /// counts for nothing.
  private func confirmByAnother(_ deposits: [Deposit]) throws -> [Deposit] {
    var agreed: [Deposit] = []
    let (inUse, own) = (nodeInUse, try node.identity())
    for (index, node) in nodes.enumerated() where index != inUse {
      do throws(NodeError) {
        guard try isOurs(index, own) else { continue }
        let heads = try node.heads()
        let ripe = deposits.filter { deposit in
          let height = scan.rules.asset(named: deposit.asset)?.ripeHeight(
            heads.latest.height, heads.finalized?.height ?? -1)
          return height.map { deposit.height <= $0 } ?? false
        }
        let hashes = Array(Set(ripe.map(\.transaction))).sorted()
        var found: [Hash32: ChainNode.MinedTransaction] = [:]
        for (hash, result) in zip(hashes, try node.mined(hashes)) {
          found[hash] = (try? result.get()) ?? nil
        }
        agreed += confirm(ripe, by: found, traces(of: ripe, by: node))
      } catch {
        noteAside(error)
      }
    }
    return agreed
  }

  private func traces(of deposits: [Deposit], by node: ChainNode) -> [Hash32: CallTrace] {
    var found: [Hash32: CallTrace] = [:]
    for hash in Set(deposits.filter(\.isFromInside).map(\.transaction)) {
      do throws(NodeError) {
        found[hash] = try node.trace(hash)
      } catch {
        noteAside(error)
      }
    }
    return found
  }

  /// Whether another node is of the chain of the one in use.
  private func isOurs(
    _ index: Int, _ own: ChainNode.Identity
  ) throws(NodeError) -> Bool {
    if try nodes[index].identity() == own { return true }
    report("\(configuration.chain): \(name(index)) is of another chain or genesis")
    return false
  }

  // MARK: Clawbacks

  /// Credits that are not on the chain, which is known to its end, are taken back. Where there are
  /// several nodes not by the word of one: while another that can be believed has the transaction
  /// where it was, they wait.
  func takeBack(_ session: inout Session) throws {
    session.alarms.remove(.clawbackDisputed)
    if nodes.count == 1 { return }
    let lost = try session.store.lostCredits(limit: configuration.submitBatch)
    let contested = lost.isEmpty ? [:] : try contested(lost)
    figures.withLock { $0.isDisputed = !contested.isEmpty }
    let known = disputed.withLock { known in
      defer { known = Set(contested.keys) }
      return known
    }
    for deposit in lost {
      guard let who = contested[deposit.id] else { continue }
      session.alarms.insert(.clawbackDisputed)
      if known.contains(deposit.id) { continue }
      report(
        "\(configuration.chain): deposit \(deposit.id) left the chain of \(name(nodeInUse)) after "
          + "its credit; it is not taken back while \(who)")
    }
    let agreed = lost.filter { contested[$0.id] == nil }
    try session.store.numberClawbacks(of: agreed)
    try submit(&session)
  }

  /// Of some lost credits those that wait, and why.
  private func contested(_ lost: [Deposit]) throws -> [Int64: String] {
    var found: [Int64: String] = [:]
    let (inUse, own) = (nodeInUse, try node.identity())
    let usable = roster.withLock { $0.nodes.map(\.verdict.isUsable) }
    let hashes = Array(Set(lost.map(\.transaction))).sorted()
    for index in nodes.indices where index != inUse && usable[index] {
      do throws(NodeError) {
        guard try isOurs(index, own) else { continue }
        let mined = Dictionary(
          zip(hashes, try nodes[index].mined(hashes)), uniquingKeysWith: { first, _ in first })
        for deposit in lost {
          switch mined[deposit.transaction] {
          case .success(let mined):
            guard mined?.receipt.block == deposit.block else { continue }
            found[deposit.id] = "\(name(index)) still has it in block \(deposit.height)"
          case .failure, nil: found[deposit.id] = "\(name(index)) does not tell of it"
          }
        }
      } catch {
        noteAside(error)
        judge(index, .failing(error))
        // Next time it is not asked, or answers.
        for deposit in lost { found[deposit.id] = "\(name(index)) does not answer" }
      }
    }
    return found
  }

  // MARK: The engine

  /// Gives the engine what it does not have yet, in order: first all credits, then what takes them
  /// back.
  func submit(_ session: inout Session) throws {
    while try submitCredits(&session) == configuration.submitBatch {}
    while try submitClawbacks(&session) == configuration.submitBatch {}
  }

  private func submitCredits(_ session: inout Session) throws -> Int {
    let (chain, last) = (session.position.chain, session.position.lastCredit)
    let credits = try session.store.credits(after: last, limit: configuration.submitBatch)
    try send(credits, after: last, accepting: .creditAlreadyApplied) { deposit, number in
      .deposit(
        .credit(
          DepositCredit(
            chain: chain, number: number, user: deposit.user, asset: try asset(deposit.asset),
            amount: deposit.amount)))
    } number: {
      $0.creditNumber
    }
    session.position.lastCredit += Int64(credits.count)
    return credits.count
  }

  private func submitClawbacks(_ session: inout Session) throws -> Int {
    let (chain, last) = (session.position.chain, session.position.lastClawback)
    let clawbacks = try session.store.clawbacks(after: last, limit: configuration.submitBatch)
    try send(clawbacks, after: last, accepting: .clawbackAlreadyApplied) { deposit, number in
      guard let credit = deposit.creditNumber else {
        throw CustodyHalt.lostDeposits("clawback \(number) is of no credit")
      }
      return .deposit(
        .clawBack(
          DepositClawback(
            chain: chain, number: number, credit: credit, user: deposit.user,
            asset: try asset(deposit.asset), amount: deposit.amount)))
    } number: {
      $0.clawbackNumber
    }
    session.position.lastClawback += Int64(clawbacks.count)
    for deposit in clawbacks {
      report(
        "\(configuration.chain): deposit \(deposit.id) left the chain after its credit: "
          + "\(deposit.amount) atoms of \(deposit.asset) are taken back, "
          + "user \(deposit.user) is frozen")
    }
    return clawbacks.count
  }

  /// All of them at once, in the order of their numbers, which follow `last` without a gap.
  private func send(
    _ deposits: [Deposit], after last: Int64, accepting known: Rejection,
    _ command: (Deposit, Int64) throws -> Command, number: (Deposit) -> Int64?
  ) throws {
    if deposits.isEmpty { return }
    var commands: [Command] = []
    for (offset, deposit) in deposits.enumerated() {
      let expected = last + Int64(offset) + 1
      guard number(deposit) == expected else {
        throw CustodyHalt.lostDeposits("credit or clawback \(expected) has no deposit")
      }
      commands.append(try command(deposit, expected))
    }
    guard let replies = core.submit(commands), replies.count == commands.count else {
      throw CoreAway()
    }
    for (deposit, reply) in zip(deposits, replies) {
      if let rejection = reply.rejection, rejection != known {
        throw CustodyHalt.refused("deposit \(deposit.id): \(rejection.code)")
      }
    }
    try configuration.onBoundary(.submitted)
  }

  private func asset(_ code: String) throws -> AssetID {
    guard let asset = core.asset(code) else {
      throw CustodyHalt.refused("the venue has no asset \(code)")
    }
    return asset
  }
}
