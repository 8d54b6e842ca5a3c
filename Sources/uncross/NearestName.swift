// What somebody may have meant who wrote a name that is not known.

enum NearestName {
  /// As ` (is `confirmations` meant?)`; nothing where no name is near.
  static func hint(for name: String, among names: [String]) -> String {
    nearest(to: name, among: names).map { " (is `\($0)` meant?)" } ?? ""
  }

  /// The name with the fewest letters to change, of those with at most a third to change.
  private static func nearest(to name: String, among names: [String]) -> String? {
    names.map { (name: $0, distance: distance(name, $0)) }
      .filter { $0.distance <= max(2, $0.name.utf8.count / 3) }
      .min { $0.distance < $1.distance }?.name
  }

  /// Letters to insert, remove or replace (Levenshtein).
  private static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8))
    var row = Array(0...b.count)
    for (i, byte) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let replaced = diagonal + (byte == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
