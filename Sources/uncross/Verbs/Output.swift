// The one way to the terminal: nothing that came from outside gets there as it came.

internal import Formats
internal import Foundation

/// Lines to the terminal, whole and at once.
enum Output {
  /// What a table's header begins and ends with: the only controls that pass.
  static let (bold, plain) = ("\u{1b}[1m", "\u{1b}[0m")

  /// Text of one or more lines. Its line ends are the caller's own: words from outside that are put
  /// into it must have been made printable, as `printable` and `Table` do.
  static func line(_ text: String) {
    FileHandle.standardOutput.write(Data((escaped(text) + "\n").utf8))
  }

  /// One line, whatever is in it.
  static func error(_ text: String) {
    FileHandle.standardError.write(Data((Printable.line(text) + "\n").utf8))
  }

  /// An answer with all its text as it may be shown.
  static func printable<Answer: Codable>(_ answer: Answer) -> Answer {
    do {
      return try JSONValue(encoding: answer).printable.decode()
    } catch {
      preconditionFailure("an answer does not read what it writes: \(error)")
    }
  }

  private static func escaped(_ text: String) -> String {
    text.components(separatedBy: bold).map { part in
      part.components(separatedBy: plain).map { part in
        part.components(separatedBy: "\n").map { Printable.line($0) }.joined(separator: "\n")
      }.joined(separator: plain)
    }.joined(separator: bold)
  }
}
