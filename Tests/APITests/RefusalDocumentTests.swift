// The tables of refusals in docs/api.md: what `Refusals` and `Precedence` say, word for word.

import Engine
import Foundation
import Testing

@testable import API

@Suite struct RefusalDocumentTests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private static var refusals: [String] {
    let (edge, engine) = (
      Refusals.table.filter { $0.number == nil }, Refusals.table.filter { $0.number != nil }
    )
    return ["| code | number | status | raised by | meaning |", "|---|---|---|---|---|"]
      + (edge + engine.sorted { $0.code < $1.code }).map { row in
        let number = row.number.map { "\($0)" } ?? ""
        let sources = row.raisedBy.names.joined(separator: ", ")
        return "| `\(row.code)` | \(number) | \(row.status) | \(sources) | \(row.meaning) |"
      }
  }

  private static var precedence: [String] {
    ["| asked of | first to last |", "|---|---|"]
      + Precedence.allCases.map { precedence in
        let codes = precedence.checks.map { "`\(Refusals.row($0).code)`" }
        return "| \(precedence.rawValue) | \(codes.joined(separator: ", ")) |"
      }
  }

  /// `UNCROSS_WRITE_DOCS=1 swift test --filter RefusalDocumentTests` writes them anew.
  @Test(arguments: ["refusals", "precedence"]) func thePageHasTheTable(_ name: String) throws {
    let table = name == "refusals" ? Self.refusals : Self.precedence
    let file = Self.repository.appendingPathComponent("docs/api.md")
    var lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    let first = try #require(lines.firstIndex(of: "<!-- \(name) -->"))
    let last = try #require(lines.firstIndex(of: "<!-- end of \(name) -->"))
    if ProcessInfo.processInfo.environment["UNCROSS_WRITE_DOCS"] != nil {
      lines.replaceSubrange(first + 1..<last, with: table)
      try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    } else {
      #expect(Array(lines[first + 1..<last]) == table)
    }
  }

  /// Whose refusals are thrown by name in the API's sources: the edge's, and custody's answers.
  @Test func theTableSaysWhatTheEdgeRaises() throws {
    let folder = Self.repository.appendingPathComponent("Sources/API")
    var thrown: Set<String> = []
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    for file in paths where file.hasSuffix(".swift") {
      let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
      let raised = /(?:Refusal\(|self\.init\(|notOffered = )\s*\.(\w+)/
      thrown.formUnion(text.matches(of: raised).map { String($0.output.1) })
    }
    for row in Refusals.table {
      let name =
        switch row.name {
        case .edge(let refusal): "\(refusal)"
        case .engine(let rejection): "\(rejection)"
        }
      #expect(
        !row.raisedBy.isDisjoint(with: [.edge, .custody]) == thrown.contains(name), "\(row.code)")
    }
  }

  @Test func codesAreDistinctAndSpelledAlike() {
    let names: [RefusalRow.Name] =
      Rejection.allCases.map { .engine($0) } + EdgeRefusal.allCases.map { .edge($0) }
    #expect(Refusals.table.count == names.count)
    #expect(Set(Refusals.table.map(\.name)) == Set(names))
    #expect(Set(Refusals.table.map(\.code)).count == names.count)
    for row in Refusals.table {
      #expect(row.code.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil, "\(row.code)")
      #expect(row.meaning.hasSuffix(".") && !row.meaning.contains("|"), "\(row.code)")
    }
  }
}
