// Plain tables for the terminal: columns as wide as their widest cell.

internal import Formats
internal import Foundation
internal import Glibc

/// Rows of text under a header; numbers stand to the right.
struct Table {
  enum Alignment { case left, right }

  private let header: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// A column's name; with `>` before it the column stands to the right.
  init(_ columns: String...) {
    header = columns.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }
    alignments = columns.map { $0.hasPrefix(">") ? .right : .left }
  }

  /// A row; a cell that holds a line end or a control stays one cell of one line.
  mutating func add(_ cells: String...) {
    precondition(cells.count == header.count, "a row has a cell for each column")
    rows.append(cells.map { Printable.line($0) })
  }

  var isEmpty: Bool { rows.isEmpty }

  /// The table's lines; the header is bold on a terminal.
  func text(isTerminal: Bool = Table.outputIsTerminal) -> String {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    let lines = ([header] + rows).map { row in line(row, widths) }
    guard isTerminal, let first = lines.first else { return lines.joined(separator: "\n") }
    return (["\(Output.bold)\(first)\(Output.plain)"] + lines.dropFirst()).joined(separator: "\n")
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    let cells = row.indices.map { column in
      let space = String(repeating: " ", count: widths[column] - row[column].count)
      return alignments[column] == .right ? space + row[column] : row[column] + space
    }
    var line = cells.joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line
  }

  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

extension Optional where Wrapped: CustomStringConvertible {
  /// A cell: `-` for none.
  var cell: String { map { "\($0)" } ?? "-" }
}
