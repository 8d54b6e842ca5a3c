// The command: `uncross VERB`.

internal import ArgumentParser

@main
struct Uncross: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uncross",
    abstract: "A crypto exchange core that trades by call auction.",
    discussion: """
      Start an exchange on embedded defaults:  uncross serve
      Trade on it:                             uncross place ETH-USDC buy 0.5 --limit 2501
      Check an auction by hand:                uncross clear < book.json
      Prove the journal:                       uncross replay
      """,
    groupedSubcommands: [
      CommandGroup(
        name: "Run",
        subcommands: [Serve.self, DemoCommand.self, BenchCommand.self, StatusCommand.self]),
      CommandGroup(
        name: "Trade",
        subcommands: [
          KeyCommand.self, KeysCommand.self, PlaceCommand.self, AmendCommand.self,
          CancelCommand.self,
          OrdersCommand.self, AllowanceCommand.self, BalanceCommand.self, FillsCommand.self,
          LedgerCommand.self,
          DepositAddressCommand.self, DepositsCommand.self, AddressCommand.self,
          WithdrawCommand.self, WithdrawalsCommand.self, CancelWithdrawalCommand.self,
          WatchCommand.self, LoadCommand.self, OpenAPICommand.self,
        ]),
      CommandGroup(
        name: "Operate",
        subcommands: [
          MarketCommand.self, AssetCommand.self, UserCommand.self, AdjustCommand.self,
          SuspendCommand.self, ResumeCommand.self, LogCommand.self, KeyGrantsCommand.self,
          OperatorDelayCommand.self, OrderTermsCommand.self, CustodyCommand.self,
          PayoutsCommand.self, SweepCommand.self, ApproveWithdrawalCommand.self,
          RejectWithdrawalCommand.self,
          WithdrawalTermsCommand.self, AddressDelayCommand.self, SignerCommand.self,
          SignerKeyCommand.self, ResolveDepositCommand.self, CustodyDecisionsCommand.self,
        ]),
      CommandGroup(
        name: "Prove",
        subcommands: [
          Clear.self, ReplayCommand.self, ReconcileCommand.self, SolvencyCommand.self,
        ]),
    ])
  /// As ArgumentParser's own, but for how it ends: what failed may quote a server, a database or a
  /// file.
  static func main() async {
    do {
      var command = try await asyncParseAsRoot()
      if var waiting = command as? any AsyncParsableCommand {
        try await waiting.run()
      } else {
        try command.run()
      }
    } catch {
      end(error)
    }
  }

  private static func end(_ error: any Error) -> Never {
    let status = exitCode(for: error)
    switch status {
    // Help and completion scripts: our own text, in the layout that it needs.
    case .success: exit(withError: error)
    // The arguments came from whoever reads this; usage has several lines.
    case .validationFailure:
      let text = fullMessage(for: error)
      for line in text.split(separator: "\n") { Output.error(String(line)) }
    default:
      let text = message(for: error)
      if !text.isEmpty { Output.error("Error: \(text)") }
    }
    exit(withError: status)
  }
}
