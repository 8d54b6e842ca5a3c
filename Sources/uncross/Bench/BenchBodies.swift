// What hostile bodies cost the API, against plain ones of the same size.

internal import AsyncHTTPClient
internal import Client
internal import Formats
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// Signed batches as large as the route takes them, of one caller, one after another: reading each
/// is all that the server does, because none of them is an order.
struct BenchBodies {
  /// Bodies of each kind in one round; rounds alternate, so that a busy machine slows both alike.
  private static let bodies = 5
  private static let rounds = 8
  private static let batchBytes = 1 << 20

  /// Marks whose order Unicode does not count: names that differ in it are compared, as text, to
  /// their ends.
  private static let marks: [Unicode.Scalar] = [
    "\u{301}", "\u{323}", "\u{327}", "\u{345}", "\u{334}",
  ]

  private struct Pair {
    var name: String
    var hostile: [UInt8]
    var plain: [UInt8]
  }

  func run(_ signer: RequestSigner, _ api: String, _ report: inout BenchReport) async throws {
    for pair in Self.pairs() {
      var (hostile, plain) = (0.0, 0.0)
      for _ in 0..<Self.rounds {
        hostile += try await elapsed(pair.hostile, signer, api)
        plain += try await elapsed(pair.plain, signer, api)
      }
      let count = Double(Self.rounds * Self.bodies)
      let cost = (hostile / plain * 100).rounded() / 100
      report.add(
        BenchRow(
          name: "API: \(pair.name)", rate: count / hostile, unit: "bodies/s", floor: count / plain,
          floorName: "plain bodies/s of 1 MB: one costs \(cost) plain ones (aim 1.5)"))
    }
  }

  /// Seconds of some bodies.
  private func elapsed(
    _ body: [UInt8], _ signer: RequestSigner, _ api: String
  ) async throws -> Double {
    let clock = ContinuousClock()
    let began = clock.now
    for _ in 0..<Self.bodies {
      var request = HTTPClientRequest(url: api + "/v1/orders/batch")
      request.method = .POST
      request.headers.add(name: "Content-Type", value: "application/json")
      let fields = try signer.sign(
        method: "POST", target: "/v1/orders/batch", body: body, created: Timestamp.now().seconds)
      for field in fields.all { request.headers.add(name: field.name, value: field.value) }
      request.body = .bytes(ByteBuffer(bytes: body))
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
      _ = try await response.body.collect(upTo: 1 << 20)
      guard response.status == .badRequest else {
        throw VerbFailure("a body that is no order was answered \(response.status.code)")
      }
    }
    return (clock.now - began) / .seconds(1)
  }

  // MARK: Bodies

  private static func pairs() -> [Pair] {
    [
      pair("64 names of 64 bytes", names(64, bytes: 64)) { field in (field, field) },
      pair("64 names of 1,024 bytes", names(64, bytes: 1_024)) { field in (field, field) },
      pair("texts of 4,096 bytes", names(1, bytes: 4_096)) { field in ("market", field) },
    ]
  }

  /// A batch of as many objects as fit, of these words; the plain one has the same length.
  private static func pair(
    _ name: String, _ words: [String], _ field: (String) -> (name: String, text: String)
  ) -> Pair {
    func body(_ words: [String]) -> [UInt8] {
      let fields = words.map { JSONField(field($0).name, .text(field($0).text)) }
      let object = JSONValue.object(fields).bytes
      let count = (batchBytes - 32) / (object.count + 1)
      let list = [[UInt8]](repeating: object, count: count).joined(separator: Array(",".utf8))
      return Array(#"{"orders":["#.utf8) + list + Array("]}".utf8)
    }
    let plain = words.enumerated().map { number, word in
      let digits = "\(number)"
      return String(repeating: "x", count: word.utf8.count - digits.utf8.count) + digits
    }
    return Pair(name: name, hostile: body(words), plain: body(plain))
  }

  private static func names(_ count: Int, bytes: Int) -> [String] {
    (0..<count).map { number in
      var (name, marks, rest) = ("", marks, number)
      while !marks.isEmpty {
        let choices = marks.count
        name.unicodeScalars.append(marks.remove(at: rest % choices))
        rest /= choices
      }
      while name.utf8.count + 4 <= bytes { name += "\u{e9}" }
      return name + (number < 10 ? "0" : "") + "\(number)"
    }
  }
}
