// What has been signed: a file that only grows, written before a signature leaves.

internal import Crypto
public import Ethereum
internal import Glibc

/// The signer's own record of every transaction it has signed, in the order of signing. One process
/// at a time has it open.
///
/// The file is a header, bound to chain and account, then records. Each ends with the SHA-256 of
/// the hash before it and of its own bytes, so nothing before the end can be changed or left out:
///
///     header  6 mark, 2 digits of the form, 8 chain id, 20 address, 32 hash
///     record  4 length, 4 length's complement, 8 time, unsigned transaction, 32 hash
///
/// The complement tells an unfinished record from one whose length was damaged. The header is the
/// same in every form: a signer says by it that a newer one wrote the file.
public struct SignerLog: ~Copyable {
  public struct Entry: Equatable, Sendable {
    /// Seconds since 1970; not below the entry's before.
    public let time: Int64
    public let transaction: Transaction1559
  }

  /// What a start finds, said by whoever starts it. Never whichever there is: on a volume that is
  /// not mounted that would begin an empty log, and every nonce would be free again.
  public enum Start: Sendable {
    case existing
    /// The first start of a key: a log that is there already is refused.
    case new
  }

  private static let mark = Array("UXSIGN".utf8)
  private static let form = Array("01".utf8)
  private static let headerByteCount = 68
  private static let frameByteCount = 8
  private static let hashByteCount = 32
  /// Of time and transaction: those that are signed have less than 300.
  private static let maximumPayloadByteCount = 1_024

  private let path: String
  private let descriptor: Descriptor
  /// Of all that was read and written.
  private var byteCount = 0
  private var lastHash: [UInt8]
  /// How many bytes of an unfinished record were cut off at the start.
  public private(set) var cutByteCount = 0
  public private(set) var entryCount = 0
  /// Set by a failed write, after which the file's end is not known: only a new start mends it.
  private var isBroken = false

  // MARK: Start

  /// Opens the file, or makes it at a first start, and gives every entry in order.
  ///
  /// A record that lacks its last bytes was never synchronised, so its signature never left: it is
  /// cut off. Anything else that is wrong is damage. What was read is on disk when this returns.
  public static func open(
    _ path: String, of identity: SignerIdentity, _ start: Start,
    each: (Entry) throws(SignerContradiction) -> Void
  ) throws(SignerLogError) -> SignerLog {
    try open(path, of: identity, start, sync: { fsync($0) }, each: each)
  }

  /// - Parameter sync: `fsync`, or what a test puts in its place.
  static func open(
    _ path: String, of identity: SignerIdentity, _ start: Start, sync: (Int32) -> Int32,
    each: (Entry) throws(SignerContradiction) -> Void
  ) throws(SignerLogError) -> SignerLog {
    let header = header(identity)
    let descriptor = try descriptor(of: path, header, start)
    var log = SignerLog(path, descriptor, lastHash: Array(header.suffix(hashByteCount)))
    try log.lock()
    do throws(FileFault) { try log.settle(sync) } catch { throw .file(error) }
    try log.read(header, each)
    return log
  }

  private init(_ path: String, _ descriptor: consuming Descriptor, lastHash: [UInt8]) {
    self.path = path
    self.descriptor = descriptor
    self.lastHash = lastHash
  }

  /// The lock belongs to the open file, which a child that was just forked has too until it runs
  /// another program: it ends here, not with the last descriptor.
  deinit { flock(descriptor.number, LOCK_UN) }

  private func lock() throws(SignerLogError) {
    guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? .inUse : .file(.last("flock"))
    }
  }

  /// Brings the file and its name to the disk, so that what is read is what the disk holds.
  ///
  /// A signer that was killed between writing a record and synchronising it left it in memory only.
  /// It is read here all the same, and its transaction would be answered as signed before.
  ///
  /// Nothing is written again. Where a sync failed, that signer has ended, but Linux may take the
  /// pages that did not get to the disk for clean: no later sync says anything of them. So what is
  /// clean leaves the memory, and what is read comes from the disk: a record that never got there
  /// is torn or missing or damage, and its signature never left. To write it again out of such
  /// memory would be to trust the copy that is in doubt.
  private func settle(_ sync: (Int32) -> Int32) throws(FileFault) {
    guard sync(descriptor.number) == 0 else { throw .last("fsync") }
    try ProtectedFile.syncDirectory(of: path, by: sync)
    // Advice, which some file systems do not take: docs/signer.md says what to do after EIO.
    _ = posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_DONTNEED)
  }

  private mutating func read(
    _ header: [UInt8], _ each: (Entry) throws(SignerContradiction) -> Void
  ) throws(SignerLogError) {
    var reader = Reader(descriptor.number)
    try check(header: try reader.take(Self.headerByteCount), expected: header)
    byteCount = Self.headerByteCount
    try readRecords(&reader, each)
  }

  private static func descriptor(
    of path: String, _ header: [UInt8], _ start: Start
  ) throws(SignerLogError) -> Descriptor {
    do throws(FileFault) {
      // Of two first starts at once, one makes it and the other is refused.
      if start == .new { try ProtectedFile.create(path, header) }
      return try ProtectedFile.open(path, .secret, flags: O_RDWR | O_APPEND)
    } catch { throw .file(error) }
  }

  private static func header(_ identity: SignerIdentity) -> [UInt8] {
    let content = mark + form + bigEndian(identity.chainID) + identity.address.bytes
    return content + Array(SHA256.hash(data: content))
  }

  private func check(header: [UInt8], expected: [UInt8]) throws(SignerLogError) {
    guard header.count == Self.headerByteCount, header.starts(with: Self.mark) else {
      throw .damaged(offset: 0, "no header")
    }
    let hash = Array(SHA256.hash(data: header[..<36]))
    guard hash.elementsEqual(header[36...]) else { throw .damaged(offset: 0, "the header's hash") }
    guard header[6..<8].elementsEqual(Self.form) else {
      throw .otherForm(String(decoding: header[6..<8], as: UTF8.self))
    }
    guard header[8..<16] == expected[8..<16] else { throw .otherChain }
    guard header == expected else { throw .otherAccount }
  }

  private mutating func readRecords(
    _ reader: inout Reader, _ each: (Entry) throws(SignerContradiction) -> Void
  ) throws(SignerLogError) {
    while true {
      let offset = reader.offset
      func damaged(_ reason: String) -> SignerLogError { .damaged(offset: offset, reason) }
      let frame = try reader.take(Self.frameByteCount)
      guard frame.count == Self.frameByteCount else { return try cut(frame.count, at: offset) }
      let length = UInt32(bigEndianBytes: frame[..<4])
      guard ~length == UInt32(bigEndianBytes: frame[4...]) else {
        throw damaged("a record's length")
      }
      guard (9...Self.maximumPayloadByteCount).contains(Int(length)) else {
        throw damaged("a record's length is out of range")
      }
      let rest = try reader.take(Int(length) + Self.hashByteCount)
      guard rest.count == Int(length) + Self.hashByteCount else {
        return try cut(frame.count + rest.count, at: offset)
      }
      let payload = Array(rest.prefix(Int(length)))
      let hash = Self.hash(lastHash, frame, payload)
      guard hash.elementsEqual(rest.suffix(Self.hashByteCount)) else {
        throw damaged("a record's hash")
      }
      guard let transaction = try? Transaction1559(signingPayload: Array(payload.dropFirst(8)))
      else { throw damaged("a record is no transaction") }
      let time = payload[..<8].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      do throws(SignerContradiction) {
        try each(Entry(time: Int64(bitPattern: time), transaction: transaction))
      } catch { throw .contradiction(offset: offset, error) }
      lastHash = hash
      byteCount = reader.offset
      entryCount += 1
    }
  }

  private mutating func cut(_ count: Int, at offset: Int) throws(SignerLogError) {
    guard count > 0 else { return }
    guard ftruncate(descriptor.number, off_t(offset)) == 0 else { throw .file(.last("ftruncate")) }
    guard fsync(descriptor.number) == 0 else { throw .file(.last("fsync")) }
    cutByteCount = count
  }

  // MARK: Writing

  /// Appends an entry, which is on disk when this returns. After a failure the process must end: it
  /// is not known whether the entry is there, and a start finds out.
  public mutating func append(_ entry: Entry) throws(SignerLogError) {
    try append(entry, sync: { fdatasync($0) })
  }

  /// - Parameter sync: `fdatasync`, or what a test puts in its place.
  mutating func append(_ entry: Entry, sync: (Int32) -> Int32) throws(SignerLogError) {
    precondition(!isBroken, "the signer's log is written to after a failure")
    let payload = Self.bigEndian(UInt64(bitPattern: entry.time)) + entry.transaction.signingPayload
    precondition(
      payload.count <= Self.maximumPayloadByteCount, "a transaction too long for the signer's log")
    let length = UInt32(payload.count)
    let frame = Self.bigEndian(length) + Self.bigEndian(~length)
    let hash = Self.hash(lastHash, frame, payload)
    isBroken = true
    try checkIsInPlace()
    do { try ProtectedFile.write(frame + payload + hash, to: descriptor.number) } catch {
      throw .file(error)
    }
    guard sync(descriptor.number) == 0 else { throw .file(.last("fdatasync")) }
    isBroken = false
    lastHash = hash
    byteCount += frame.count + payload.count + hash.count
    entryCount += 1
  }

  /// The open file must be the one that the next start will find: what is written to a file that
  /// was removed, or that another was put in place of, is forgotten with this process. Nor may it
  /// have been written to by others, as a copy over it does.
  private func checkIsInPlace() throws(SignerLogError) {
    let open: stat
    do throws(FileFault) { open = try ProtectedFile.status(of: descriptor) } catch {
      throw .file(error)
    }
    var named = stat()
    if lstat(path, &named) != 0 {
      throw [ENOENT, ENOTDIR].contains(errno) ? .replaced : .file(.last("lstat"))
    }
    guard
      open.st_nlink >= 1, open.st_dev == named.st_dev, open.st_ino == named.st_ino,
      open.st_size == byteCount
    else { throw .replaced }
  }

  private static func hash(_ last: [UInt8], _ frame: [UInt8], _ payload: [UInt8]) -> [UInt8] {
    Array(SHA256.hash(data: last + frame + payload))
  }

  private static func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  /// The file from its beginning, a megabyte at a time.
  private struct Reader {
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private var place = 0
    private(set) var offset = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The next bytes; fewer only at the end.
    mutating func take(_ count: Int) throws(SignerLogError) -> [UInt8] {
      if bytes.count - place < count {
        bytes.removeFirst(place)
        place = 0
      }
      while bytes.count < place + count {
        do throws(FileFault) {
          let hasMore = try ProtectedFile.append(from: descriptor, to: &bytes, atMost: 1 << 20)
          guard hasMore else { break }
        } catch { throw .file(error) }
      }
      let taken = Array(bytes[place..<min(place + count, bytes.count)])
      place += taken.count
      offset += taken.count
      return taken
    }
  }
}

extension UInt32 {
  init(bigEndianBytes bytes: ArraySlice<UInt8>) { self = bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}

/// Why the log is not opened or not written.
public enum SignerLogError: Error, Equatable, Sendable {
  case file(FileFault)
  /// Another signer has it open.
  case inUse
  /// Not the file, or not of the length, that it was before.
  case replaced
  /// The digits of a form that another version of the signer writes.
  case otherForm(String)
  case otherChain
  case otherAccount
  /// At this offset the file is not as a signer wrote it.
  case damaged(offset: Int, String)
  /// Well written, and impossible.
  case contradiction(offset: Int, SignerContradiction)
}

extension SignerLogError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(.exists): "it exists: --new-log is for the first start of a key, leave it out"
    case .file(.missing):
      "there is no such file: a wrong path, a volume that is not mounted, "
        + "or the first start of a key"
    case .file(let fault): fault.description
    case .inUse: "another signer has it open"
    case .replaced: "it was removed, replaced or changed while it was in use"
    case .otherForm(let form):
      "its form is \(form), this signer reads 01: start the signer that wrote it, or a newer one"
    case .otherChain: "it is of another chain"
    case .otherAccount: "it is of another address"
    case .damaged(let offset, let reason): "it is damaged at byte \(offset): \(reason)"
    case .contradiction(let offset, let contradiction):
      "the record at byte \(offset) cannot have been signed: \(contradiction)"
    }
  }
}
