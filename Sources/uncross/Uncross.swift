// The command: `uncross VERB`.

internal import ArgumentParser

@main
struct Uncross: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uncross",
    abstract: "A crypto exchange core that trades by call auction.",
    discussion: """
      Start an exchange on embedded defaults:      uncross serve
      Check an auction by hand:                    uncross clear < book.json
      Prove the journal:                           uncross replay
      """,
    subcommands: [Serve.self, Clear.self, ReplayCommand.self, BenchCommand.self])
}
