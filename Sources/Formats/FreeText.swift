// Text that people write for people: what may be kept of it, and how it is shown.

/// A label or a reason, as an edge takes it. What comes after may show it without a thought: it
/// holds no line end, no control of a terminal, nothing that turns or hides what stands beside it,
/// and no space at its ends, by which alone two texts could differ.
public struct FreeText: Hashable, Sendable {
  public let text: String

  /// Throws where the text is longer than so many bytes or does not print.
  public init(_ text: String, maximumBytes: Int) throws(FreeTextError) {
    guard text.utf8.count <= maximumBytes else { throw .tooLong(maximumBytes: maximumBytes) }
    guard !text.unicodeScalars.contains(where: \.isUnprintable) else { throw .unprintable }
    let ends = [text.unicodeScalars.first, text.unicodeScalars.last]
    guard !ends.contains(where: { $0?.properties.generalCategory == .spaceSeparator }) else {
      throw .spaceAtEnd
    }
    self.text = text
  }
}

/// Why a text is not kept. Follows the field's name in a sentence.
public enum FreeTextError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooLong(maximumBytes: Int)
  case unprintable
  case spaceAtEnd

  public var description: String {
    switch self {
    case .tooLong(let maximum): "has at most \(maximum) bytes"
    case .unprintable: "holds a character that does not print"
    case .spaceAtEnd: "begins or ends with a space"
    }
  }
}

extension Unicode.Scalar {
  /// Control characters (C0, DEL, C1), line and paragraph separators, and what Unicode calls format
  /// characters: they turn the direction of text, join or hide it (U+200B-200F, U+202A-202E,
  /// U+2060-206F, U+FEFF, the tags). With them all that a font shows as nothing: what Unicode calls
  /// default-ignorable (UAX #44), which takes in the fillers, variation selectors, those of emoji
  /// too, and code points kept for more of the kind; and the Braille pattern without a dot.
  public var isUnprintable: Bool {
    switch value {
    case 0x20..<0x7f: return false
    case 0..<0xa0: return true
    case 0x2800: return true
    default: break
    }
    let properties = properties
    if properties.isDefaultIgnorableCodePoint { return true }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
    default: return false
    }
  }
}

/// Text from outside, as it may be shown.
public enum Printable {
  /// On one line: what does not print stands as `\n`, `\t` or `\u{1b}`.
  public static func line(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: \.isUnprintable) else { return String(text) }
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": line.append(contentsOf: "\\n".unicodeScalars)
      case "\r": line.append(contentsOf: "\\r".unicodeScalars)
      case "\t": line.append(contentsOf: "\\t".unicodeScalars)
      case let scalar where scalar.isUnprintable:
        line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
      default: line.append(scalar)
      }
    }
    return String(line)
  }

  /// Cut to so many bytes of the text, then made printable.
  public static func line(_ text: some StringProtocol, maximumBytes: Int) -> String {
    guard text.utf8.count > maximumBytes else { return line(text) }
    var (kept, count) = (String.UnicodeScalarView(), 0)
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= maximumBytes else { break }
      kept.append(scalar)
    }
    return line(String(kept))
  }
}
