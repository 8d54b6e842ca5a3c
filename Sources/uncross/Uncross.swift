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
        name: "Prove", subcommands: [Clear.self, ReplayCommand.self, ReconcileCommand.self]),
    ])
}
