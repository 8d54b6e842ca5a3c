// Real books and development never meet: what a start claims is what the books are of.

import Embedded
import Foundation
import Logging
import Testing

@Suite struct BooksTests {
  private func write(
    _ exchange: ExchangeProcess, name: String = "eth", id: Int64, node: String,
    xpub: String = ChainFileTests.xpub, more: String = ""
  ) throws -> String {
    let path = exchange.root + "/chain.json"
    let text = """
      {"name": "\(name)", "chain_id": \(id), "nodes": ["\(node)"], "xpub": "\(xpub)",
        "start": 0, "assets": [
          {"asset": "ETH", "decimals": 18, "minimum": "0.001", "confirmations": 3}\(more)]}
      """
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func refuse(
    _ exchange: ExchangeProcess, _ arguments: [String], _ reason: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await ExchangeProcess.run(
      ["serve", "--data", exchange.data, "--port", "0"] + arguments)
    #expect(
      result.status != 0 && result.output.contains(reason), "\(arguments): \(result.output)",
      sourceLocation: sourceLocation)
  }

  /// A real chain's books refuse each start that is of anything else, and go on after all of
  /// them.
  @Test func realBooksStayReal() async throws {
    try await ExchangeProcess.with { exchange in
      let python = try #require(ChainHost.findPython(project: ExchangeProcess.repository))
      let host = try ChainHost(
        python: python, source: ExchangeProcess.repository, data: exchange.root + "/chain",
        arguments: ["--block-interval", "0.2"], logger: Logger(label: "chain"))
      defer { host.stop() }
      let ready = try host.start()
      let file = try write(exchange, id: ready.chainID, node: ready.url)
      // Without `--no-demo`: there are no demo traders beside a chain of one's own.
      try await exchange.start(["--chain-file", file], withChain: true)
      try await wait("the scan") {
        try exchange.number("select count(*) from public.scanned_blocks where chain = 'eth'") > 0
      }
      try await exchange.stop()

      let real = "the books are a real chain's, eth (id \(ready.chainID))"
      try await refuse(exchange, ["--no-demo"], real)
      try await refuse(exchange, [], real)
      try await refuse(exchange, ["--no-chain", "--no-demo"], real)
      try await refuse(exchange, ["--chain-file", file, "--demo"], "demo is not for books of a")
      for (name, id) in [("ether", ready.chainID), ("eth", 5)] {
        let other = try write(exchange, name: name, id: id, node: ready.url)
        try await refuse(
          exchange, ["--chain-file", other],
          name == "eth" ? "the description says 5" : "a chain keeps its name")
      }
      let usdc = try #require(ready.contracts["USDC"])
      _ = try write(
        exchange, id: ready.chainID, node: ready.url,
        more: #", {"asset": "USDC", "contract": "\#(usdc)", "decimals": 8, "minimum": "1"}"#)
      try await refuse(
        exchange, ["--chain-file", file], "the contract of USDC says 6 decimals, the settings 8")
      _ = try write(exchange, id: ready.chainID, node: ready.url)
      try await exchange.start(["--chain-file", file], withChain: true)
      #expect(try exchange.number("select count(*) from core.users where id > 1") == 0)
      #expect(try exchange.number("select count(*) from core.chain") == 1)
      try await exchange.stop()
    }
  }

  /// The other way: no real coin is paid to development's books, nor to its keys.
  @Test func developmentStaysDevelopment() async throws {
    try await ExchangeProcess.with { exchange in
      try await exchange.start(["--no-demo"], withChain: true)
      try await wait("the scan") { try exchange.number("select count(*) from core.chain") > 0 }
      try await exchange.stop()
      var file = try write(exchange, id: 1, node: "http://127.0.0.1:1")
      try await refuse(exchange, ["--chain-file", file], "the books are a development exchange's")
      let own = try String(contentsOfFile: exchange.data + "/keys/deposits.xpub", encoding: .utf8)
      file = try write(
        exchange, id: 1, node: "http://127.0.0.1:1",
        xpub: own.trimmingCharacters(in: .whitespacesAndNewlines))
      try await refuse(
        exchange, ["--chain-file", file], "xpub is the development chain's, whose private key")
      try await exchange.start(["--no-demo"], withChain: true)
      try await exchange.stop()
    }
  }
}
