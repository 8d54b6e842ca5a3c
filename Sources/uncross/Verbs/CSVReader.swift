// Reads a file of comma-separated records (RFC 4180) in bounded memory, and fingerprints its bytes.

internal import Client
internal import Formats
internal import Foundation
internal import Wire

/// One record, or why there is none.
struct CSVRecord {
  /// Where it begins, from 1.
  var line: Int
  var fields: [String]
  /// Set where the record does not parse; its fields are then not whole.
  var problem: String?
}

/// Records end with LF or CR LF; fields may stand in quotes, with quotes doubled inside; empty
/// lines and a byte order mark are passed over.
struct CSVReader {
  /// Bytes of one record; an order line has about 100.
  static let maximumRecord = 4_096
  private static let chunkBytes = 256 << 10

  private let file: FileHandle
  private var chunk: [UInt8] = []
  private var position = 0
  private var line = 1
  /// SHA-256 of (this before the chunk, the chunk): names the content read so far.
  private(set) var fingerprint = ""

  init(path: String) throws(VerbFailure) {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw VerbFailure("\(path) cannot be opened", status: VerbFailure.inputOutput)
    }
    self.file = file
    if try fill(), chunk.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
  }

  /// The next record that is not empty; nil at the end.
  mutating func next() throws(VerbFailure) -> CSVRecord? {
    while try !isAtEnd() {
      let record = try readRecord()
      if record.fields != [""] || record.problem != nil { return record }
    }
    return nil
  }

  private mutating func isAtEnd() throws(VerbFailure) -> Bool {
    if position < chunk.count { return false }
    return try !fill()
  }

  private mutating func fill() throws(VerbFailure) -> Bool {
    do {
      chunk = Array(try file.read(upToCount: Self.chunkBytes) ?? Data())
    } catch {
      throw VerbFailure("the file cannot be read: \(error)", status: VerbFailure.inputOutput)
    }
    position = 0
    if chunk.isEmpty { return false }
    fingerprint = SignableRequest.digest(of: Array(fingerprint.utf8) + chunk)
    return true
  }

  private mutating func nextByte() throws(VerbFailure) -> UInt8? {
    if position == chunk.count, try !fill() { return nil }
    defer { position += 1 }
    return chunk[position]
  }

  private enum Place { case start, plain, quoted, quoteInQuoted }

  private mutating func readRecord() throws(VerbFailure) -> CSVRecord {
    var record = CSVRecord(line: line, fields: [], problem: nil)
    var field: [UInt8] = []
    var place = Place.start
    var size = 0
    func endField() {
      record.fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      place = .start
    }
    while let byte = try nextByte() {
      if byte == UInt8(ascii: "\n") { line += 1 }
      size += 1
      guard size <= Self.maximumRecord else {
        record.problem = "longer than \(Self.maximumRecord) bytes, or a quote does not end"
        try skipLine(byte)
        return record
      }
      switch (place, byte) {
      case (.quoted, UInt8(ascii: "\"")): place = .quoteInQuoted
      case (.quoted, _): field.append(byte)
      case (.quoteInQuoted, UInt8(ascii: "\"")):
        field.append(byte)
        place = .quoted
      case (_, UInt8(ascii: ",")): endField()
      case (_, UInt8(ascii: "\n")):
        if place == .plain, field.last == UInt8(ascii: "\r") { field.removeLast() }
        endField()
        return record
      case (.start, UInt8(ascii: "\"")): place = .quoted
      case (.quoteInQuoted, UInt8(ascii: "\r")): break
      case (.quoteInQuoted, _): record.problem = "text after a closing quote"
      case (_, UInt8(ascii: "\"")): record.problem = "a quote inside a field without quotes"
      default:
        field.append(byte)
        place = .plain
      }
    }
    if place == .quoted { record.problem = "a quote does not end" }
    endField()
    return record
  }

  private mutating func skipLine(_ last: UInt8) throws(VerbFailure) {
    if last == UInt8(ascii: "\n") { return }
    while let byte = try nextByte() {
      if byte == UInt8(ascii: "\n") {
        line += 1
        return
      }
    }
  }
}
