// Text for people: what is kept of it, and how it is shown.

import Formats
import Testing

@Suite struct FreeTextTests {
  @Test(arguments: [
    "", "gift", "café 😀 ❤ 日本 العربية", "e\u{301}", "a  b", "<b>`$(x)`</b>", "a\u{a0}b",
    "\u{2801}", "\u{fe10}", "\u{fffd}",
  ])
  func whatPeopleWriteIsKept(text: String) throws {
    #expect(try FreeText(text, maximumBytes: 64).text == text)
    #expect(Printable.line(text) == text)
  }

  @Test(arguments: [
    ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\u{0}", "\\u{0}"), ("\u{1b}", "\\u{1b}"),
    ("\u{7f}", "\\u{7f}"), ("\u{80}", "\\u{80}"), ("\u{9b}", "\\u{9b}"), ("\u{85}", "\\u{85}"),
    ("\u{ad}", "\\u{ad}"), ("\u{200b}", "\\u{200b}"), ("\u{200d}", "\\u{200d}"),
    ("\u{200e}", "\\u{200e}"), ("\u{200f}", "\\u{200f}"), ("\u{2028}", "\\u{2028}"),
    ("\u{2029}", "\\u{2029}"), ("\u{202a}", "\\u{202a}"), ("\u{202e}", "\\u{202e}"),
    ("\u{2060}", "\\u{2060}"), ("\u{2066}", "\\u{2066}"), ("\u{2069}", "\\u{2069}"),
    ("\u{61c}", "\\u{61c}"), ("\u{feff}", "\\u{feff}"),
    ("\u{3164}", "\\u{3164}"), ("\u{e0041}", "\\u{e0041}"), ("\u{34f}", "\\u{34f}"),
    ("\u{115f}", "\\u{115f}"), ("\u{17b5}", "\\u{17b5}"), ("\u{180b}", "\\u{180b}"),
    ("\u{180f}", "\\u{180f}"), ("\u{2065}", "\\u{2065}"), ("\u{2800}", "\\u{2800}"),
    ("\u{fe00}", "\\u{fe00}"), ("\u{fe0f}", "\\u{fe0f}"), ("\u{ffa0}", "\\u{ffa0}"),
    ("\u{fff0}", "\\u{fff0}"), ("\u{fff8}", "\\u{fff8}"), ("\u{1bca0}", "\\u{1bca0}"),
    ("\u{1d173}", "\\u{1d173}"), ("\u{e0fff}", "\\u{e0fff}"),
  ])
  func whatDoesNotPrintIsRefusedAndShownEscaped(text: String, shown: String) {
    #expect(throws: FreeTextError.unprintable) {
      try FreeText("a" + text + "b", maximumBytes: 64)
    }
    #expect(Printable.line("a" + text + "b") == "a" + shown + "b")
  }

  /// Two labels could differ by it alone. It is shown as it is: text of others may end so.
  @Test(arguments: [" ", " a", "a ", "\u{a0}a", "a\u{a0}", "a\u{2003}", "\u{3000}a", "   "])
  func aSpaceAtAnEndIsRefused(text: String) {
    #expect(throws: FreeTextError.spaceAtEnd) { try FreeText(text, maximumBytes: 64) }
    #expect(Printable.line(text) == text)
  }

  @Test func lengthIsInBytes() throws {
    #expect(try FreeText("éé", maximumBytes: 4).text == "éé")
    #expect(throws: FreeTextError.tooLong(maximumBytes: 3)) {
      try FreeText("éé", maximumBytes: 3)
    }
    #expect(Printable.line("aéb", maximumBytes: 2) == "a")
    #expect(Printable.line("aéb", maximumBytes: 3) == "aé")
    #expect(Printable.line("\n\n", maximumBytes: 1) == "\\n")
  }
}
