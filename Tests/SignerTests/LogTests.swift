// The signer's log: what was written is there, what was torn never left, what was changed is seen.

import Crypto
import Ethereum
import Foundation
import Glibc
import Testing

@testable import Signer

@Suite struct LogTests {
  /// Of several lengths.
  private static let transactions = [
    pay(1, nonce: 0), payToken(5, nonce: 1), cancel(nonce: 1, fee: 500), pay(900, nonce: 300),
  ]

  /// What is in the log at `path`, and how many bytes were cut off it.
  private func read(
    _ path: String, chain: UInt64 = 7, account: Address = Accounts.own,
    sync: (Int32) -> Int32 = { fsync($0) }
  ) throws(SignerLogError) -> (entries: [SignerLog.Entry], cut: Int) {
    var entries: [SignerLog.Entry] = []
    let identity = SignerIdentity(address: account, chainID: chain)
    let log = try SignerLog.open(path, of: identity, .existing, sync: sync) { entries.append($0) }
    #expect(log.entryCount == entries.count)
    return (entries, log.cutByteCount)
  }

  private func append(_ transactions: [Transaction1559], to path: String) throws {
    var count: Int64 = 0
    var log = try SignerLog.open(path, of: Accounts.identity, .fitting(path)) { _ in count += 1 }
    for transaction in transactions {
      try log.append(SignerLog.Entry(time: 100 + count, transaction: transaction))
      count += 1
    }
  }

  private func make(in directory: TemporaryDirectory) throws -> String {
    let path = directory.file("log")
    try append(Self.transactions, to: path)
    return path
  }

  private static let entries = transactions.enumerated().map {
    SignerLog.Entry(time: 100 + Int64($0.offset), transaction: $0.element)
  }

  @Test func givesBackWhatWasWritten() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("log")
    for count in 1...Self.transactions.count {
      try append([Self.transactions[count - 1]], to: path)
      let (entries, cut) = try read(path)
      #expect(entries == Array(Self.entries.prefix(count)))
      #expect(cut == 0)
    }
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["log"])
  }

  @Test func cutsATornRecordAtEveryByte() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let whole = try directory.read("log")
    let last = 8 + 8 + Self.transactions[3].signingPayload.count + 32
    let start = whole.count - last
    #expect(start > 68)
    for end in start..<whole.count {
      try directory.write(Array(whole.prefix(end)), to: "log")
      let (entries, cut) = try read(path)
      #expect(entries == Array(Self.entries.prefix(3)), "cut at \(end)")
      #expect(cut == end - start)
      #expect(try directory.read("log") == Array(whole.prefix(start)))
    }
    // And it goes on as if nothing had been there.
    try append([Self.transactions[3]], to: path)
    #expect(try directory.read("log") == whole)
  }

  @Test func noticesEveryFlippedByte() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let whole = try directory.read("log")
    for offset in whole.indices {
      for mask in [0x01, 0x80, 0xff] as [UInt8] {
        var changed = whole
        changed[offset] ^= mask
        try directory.write(changed, to: "log")
        do {
          // Thousands of starts: none needs the disk.
          _ = try read(path, sync: { _ in 0 })
          Issue.record("byte \(offset) is not noticed")
        } catch {
          guard case .damaged(let place, _) = error else {
            Issue.record("byte \(offset): \(error)")
            continue
          }
          #expect(place <= offset)
        }
        // Nothing is cut off or mended.
        #expect(try directory.read("log") == changed)
      }
    }
  }

  @Test func noticesLostAndExchangedRecords() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let whole = try directory.read("log")
    let lengths = Self.transactions.map { 48 + $0.signingPayload.count }
    let first = Array(whole[68..<68 + lengths[0]])
    let second = Array(whole[68 + lengths[0]..<68 + lengths[0] + lengths[1]])
    let rest = Array(whole[(68 + lengths[0] + lengths[1])...])
    let header = Array(whole.prefix(68))
    #expect(header + first + second + rest == whole)
    for changed in [
      header + second + rest, header + second + first + rest, header + first + first + second,
      header + first + rest, Array(whole.prefix(67)), [], first,
    ] {
      try directory.write(changed, to: "log")
      #expect(throws: SignerLogError.self) { try read(path) }
      #expect(try directory.read("log") == changed)
    }
  }

  /// A killed signer's last record may be in memory only: nothing is read, and so nothing answered,
  /// before the file and its name are on disk.
  @Test func isOnDiskBeforeItIsRead() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    func name(_ descriptor: Int32) -> String {
      var (this, file, holder) = (stat(), stat(), stat())
      fstat(descriptor, &this)
      lstat(path, &file)
      lstat(directory.path, &holder)
      return this.st_ino == file.st_ino ? "file" : this.st_ino == holder.st_ino ? "directory" : ""
    }
    for (failing, expected) in [
      (nil, ["file", "directory"] + Self.entries.map { "\($0.time)" }), ("file", ["file"]),
      ("directory", ["file", "directory"]),
    ] as [(String?, [String])] {
      var steps: [String] = []
      func open() throws(SignerLogError) -> Int {
        try SignerLog.open(
          path, of: Accounts.identity, .existing,
          sync: { descriptor in
            steps.append(name(descriptor))
            guard steps.last == failing else { return 0 }
            errno = EIO
            return -1
          }, each: { steps.append("\($0.time)") }
        ).entryCount
      }
      if failing == nil {
        #expect(try open() == Self.entries.count)
      } else {
        #expect(throws: SignerLogError.file(.system(call: "fsync", code: EIO))) { try open() }
      }
      #expect(steps == expected)
    }
  }

  /// When `append` returns the signature leaves: the whole record was written, then synchronised.
  @Test func anEntryIsOnDiskBeforeItsSignatureLeaves() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    var log = try SignerLog.open(path, of: Accounts.identity, .existing) { _ in }
    let before = try directory.read("log").count
    let entry = SignerLog.Entry(time: 200, transaction: pay(1, nonce: 301))
    var synced: [Int] = []
    try log.append(entry) { descriptor in
      var status = stat()
      fstat(descriptor, &status)
      synced.append(Int(status.st_size))
      return 0
    }
    let length = 8 + 8 + entry.transaction.signingPayload.count + 32
    #expect(synced == [before + length])
    #expect(log.entryCount == 5)
    #expect(throws: SignerLogError.file(.system(call: "fdatasync", code: EIO))) {
      try log.append(SignerLog.Entry(time: 201, transaction: pay(1, nonce: 302))) { _ in
        errno = EIO
        return -1
      }
    }
    #expect(log.entryCount == 5)
  }

  @Test func isBoundToChainAndAccount() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    #expect(throws: SignerLogError.otherChain) { try read(path, chain: 8) }
    #expect(throws: SignerLogError.otherAccount) { try read(path, account: Accounts.alice) }
    #expect(try read(path).entries.count == 4)
  }

  /// A log that a newer signer wrote is no damage: whoever reads that would look for a backup.
  @Test func isRefusedInANewerForm() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let whole = try directory.read("log")
    let content = Array("UXSIGN02".utf8) + whole[8..<36]
    let newer = content + Array(SHA256.hash(data: content)) + whole[68...]
    try directory.write(newer, to: "log")
    let error = #expect(throws: SignerLogError.otherForm("02")) { try read(path) }
    #expect(
      error?.description
        == "its form is 02, this signer reads 01: start the signer that wrote it, or a newer one")
    #expect(try directory.read("log") == newer)
  }

  @Test func isOpenOnce() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    let log = try SignerLog.open(path, of: Accounts.identity, .existing) { _ in }
    #expect(throws: SignerLogError.inUse) { try read(path) }
    #expect(log.entryCount == 4)
    _ = consume log
    #expect(try read(path).entries.count == 4)
  }

  /// What is done to the log behind a running signer's back. Nothing is written after it.
  @Test(arguments: [
    "removed", "moved", "a copy in its place", "an older copy over it", "written to",
    "no directory",
  ])
  func noticesThatItWasReplaced(how: String) throws {
    let directory = try TemporaryDirectory()
    let files = FileManager.default
    let home = directory.file("home")
    try files.createDirectory(
      atPath: home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let path = home + "/log"
    try append([pay(1)], to: path)
    let older = try directory.read("home/log")
    var log = try SignerLog.open(path, of: Accounts.identity, .existing) { _ in }
    try log.append(SignerLog.Entry(time: 200, transaction: pay(1, nonce: 1)))
    let whole = try directory.read("home/log")
    switch how {
    case "removed": #expect(unlink(path) == 0)
    case "moved": #expect(rename(path, home + "/other") == 0)
    case "a copy in its place":
      try directory.write(whole, to: "copy")
      #expect(rename(directory.file("copy"), path) == 0)
    case "no directory": #expect(rename(home, directory.file("other")) == 0)
    default:
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      if how == "written to" { try handle.seekToEnd() } else { try handle.truncate(atOffset: 0) }
      try handle.write(contentsOf: Data(older))
    }
    let before = try? directory.read("home/log")
    #expect(throws: SignerLogError.replaced) { () throws in
      try log.append(SignerLog.Entry(time: 300, transaction: pay(1, nonce: 2)))
    }
    #expect((try? directory.read("home/log")) == before)
  }

  @Test func refusesFiles() throws {
    let directory = try TemporaryDirectory()
    let path = try make(in: directory)
    #expect(symlink(path, directory.file("link")) == 0)
    #expect(throws: SignerLogError.file(.symbolicLink)) { try read(directory.file("link")) }
    #expect(chmod(path, 0o640) == 0)
    #expect(throws: SignerLogError.file(.openToOthers(mode: 0o640))) { try read(path) }
  }

  /// Neither begins one where one should be, nor goes on with one where none should be.
  @Test func isBegunOnce() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("log")
    func open(_ start: SignerLog.Start) throws(SignerLogError) -> Int {
      try SignerLog.open(path, of: Accounts.identity, start) { _ in }.entryCount
    }
    #expect(throws: SignerLogError.file(.missing)) { try open(.existing) }
    #expect(access(path, F_OK) != 0)
    #expect(try open(.new) == 0)
    let empty = try directory.read("log")
    #expect(throws: SignerLogError.file(.exists)) { try open(.new) }
    #expect(try open(.existing) == 0)
    #expect(try directory.read("log") == empty)
    try append([pay(1)], to: path)
    #expect(throws: SignerLogError.file(.exists)) { try open(.new) }
    #expect(try open(.existing) == 1)
  }

  /// Well-formed records that no signer can have written.
  @Test func refusesContradictions() throws {
    for (name, history) in [
      ("two payments of a nonce", [pay(1, fee: 100), pay(2, fee: 200)]),
      ("fees that were not raised", [pay(1, fee: 100), pay(1, fee: 101)]),
      ("a payment after a cancel", [cancel(fee: 100), pay(1, fee: 200)]),
      ("no payment", [pay(1, data: [1])]), ("twice the same", [pay(1), pay(1)]),
    ] {
      let directory = try TemporaryDirectory()
      let path = directory.file("log")
      try append(history, to: path)
      let policy = try policy()
      do throws(SignerLogError) {
        _ = try SignerDesk(key: Accounts.key(), policy: policy, log: path, .existing)
        Issue.record("\(name) is not refused")
      } catch {
        guard case .contradiction = error else {
          Issue.record("\(name): \(error)")
          continue
        }
      }
    }
  }

  @Test func theDeskRemembers() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("log")
    let policy = try policy()
    var signed: [SignedTransaction] = []
    for start in 0..<3 as Range<UInt64> {
      var desk = try SignerDesk(
        key: Accounts.key(), policy: policy, log: path, start > 0 ? .existing : .new,
        clock: .stopped(at: 50))
      #expect(desk.entryCount == signed.count)
      for old in signed {
        #expect(try desk.sign(unsigned: old.transaction.signingPayload) == .signed(old))
        let other = pay(1, to: Accounts.bob, nonce: old.transaction.nonce, fee: 500)
        #expect(try desk.sign(unsigned: other.signingPayload) == .refused(.nonceUsed))
      }
      let transaction = pay(1_000, nonce: start)
      guard case .signed(let new) = try desk.sign(unsigned: transaction.signingPayload) else {
        Issue.record("not signed")
        return
      }
      #expect(new == transaction.signed(by: Accounts.key()))
      signed.append(new)
      #expect(desk.entryCount == signed.count)
      #expect(try desk.sign(unsigned: [2, 0xc0]) == .refused(.malformed))
      #expect(try desk.sign(unsigned: new.raw) == .refused(.malformed))
    }
    let whole = try directory.read("log")
    var desk = try SignerDesk(
      key: Accounts.key(), policy: policy, log: path, .existing, clock: .stopped(at: 60))
    // A check says what `sign` says, and leaves nothing behind: no nonce, no record.
    #expect(desk.check(unsigned: signed[0].transaction.signingPayload) == nil)
    #expect(desk.check(unsigned: pay(1, nonce: 9).signingPayload) == .overDayLimit)
    #expect(desk.check(unsigned: payToken(500, nonce: 9).signingPayload) == nil)
    #expect(desk.check(unsigned: pay(1, nonce: 2, fee: 500).signingPayload) == .nonceUsed)
    #expect(desk.check(unsigned: signed[0].raw) == .malformed)
    #expect(try directory.read("log") == whole)
    #expect(desk.entryCount == 3)
    let more = pay(1, nonce: 9).signingPayload
    #expect(try desk.sign(unsigned: more) == .refused(.overDayLimit))
    #expect(desk.entryCount == 3)
  }
}
