// A statement as an error shows it: short, on one line, and without values.

/// What of a statement may stand in a log. Literals are replaced by `'?'`: a statement may carry a
/// password or a user's data in one. Parameters are no part of the text.
enum StatementText {
  /// Characters that are shown; the place that the server names is among them.
  static let maximumCount = 240
  /// What is shown before that place.
  private static let before = 80

  /// - Parameter position: of the fault in the statement, in characters from 1, as the server says.
  static func shown(_ sql: String, at position: Int? = nil) -> String {
    var text: [Character] = []
    /// Where the fault is in `text`.
    var place = 0
    var rest = Substring(sql)
    var count = 0
    while let next = rest.first {
      // The server counts code points.
      if let position, count < position { place = text.count }
      let end: Substring.Index
      if let after = commentEnd(rest) {
        end = after
      } else if let after = literalEnd(rest) {
        text += "'?'"
        end = after
      } else if next == "\"" {
        end = quotedEnd(rest, hasEscapes: false)
        text += rest[..<end]
      } else {
        end = rest.index(after: rest.startIndex)
        if !next.isWhitespace {
          text.append(next)
        } else if text.last != " ", !text.isEmpty {
          text.append(" ")
        }
      }
      count += rest[..<end].unicodeScalars.count
      rest = rest[end...]
    }
    while text.last == " " { text.removeLast() }
    if text.count <= maximumCount { return String(text) }
    let start = place < maximumCount - before ? 0 : place - before
    let end = min(start + maximumCount, text.count)
    return (start > 0 ? "..." : "") + String(text[start..<end]) + (end < text.count ? "..." : "")
  }

  /// Comments are left out: a quote in one would turn what is a literal inside out.
  private static func commentEnd(_ text: Substring) -> Substring.Index? {
    if text.hasPrefix("--") { return text.firstIndex(where: \.isNewline) ?? text.endIndex }
    guard text.hasPrefix("/*") else { return nil }
    var rest = text
    while !rest.isEmpty {
      if rest.hasPrefix("*/") { return rest.index(rest.startIndex, offsetBy: 2) }
      rest = rest.dropFirst()
    }
    return text.endIndex
  }

  /// Where the literal ends that begins here; nil where none does. One that has no end goes to the
  /// text's.
  private static func literalEnd(_ text: Substring) -> Substring.Index? {
    if text.first == "'" { return quotedEnd(text, hasEscapes: false) }
    if text.hasPrefix("E'") || text.hasPrefix("e'") {
      return quotedEnd(text.dropFirst(), hasEscapes: true)
    }
    return dollarEnd(text)
  }

  private static func quotedEnd(_ text: Substring, hasEscapes: Bool) -> Substring.Index {
    var index = text.index(after: text.startIndex)
    while index < text.endIndex {
      let next = text.index(after: index)
      if text[index] == "\\", hasEscapes, next < text.endIndex {
        index = text.index(after: next)
      } else if text[index] != text.first {
        index = next
      } else if next < text.endIndex, text[next] == text.first {
        // A quote in the literal is written twice.
        index = text.index(after: next)
      } else {
        return next
      }
    }
    return text.endIndex
  }

  /// `$$ ... $$` and `$name$ ... $name$`; `$1` is a parameter.
  private static func dollarEnd(_ text: Substring) -> Substring.Index? {
    guard text.first == "$" else { return nil }
    let name = text.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    guard name.first?.isNumber != true, name.endIndex < text.endIndex, text[name.endIndex] == "$"
    else { return nil }
    let mark = "$\(name)$"
    var rest = text[text.index(after: name.endIndex)...]
    while !rest.isEmpty {
      if rest.hasPrefix(mark) { return rest.index(rest.startIndex, offsetBy: mark.count) }
      rest = rest.dropFirst()
    }
    return text.endIndex
  }
}
