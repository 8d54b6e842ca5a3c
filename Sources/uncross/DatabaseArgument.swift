// `--database` of the verbs that read a database: a connection string without a secret.

internal import ArgumentParser
internal import Foundation
internal import Postgres

/// Which database a verb reads. Everybody on a machine can read a command's arguments, so a
/// password goes into `DATABASE_URL`.
enum DatabaseArgument {
  static let variable = "DATABASE_URL"

  /// Throws where the argument has a password.
  static func check(_ argument: String?) throws {
    guard let argument, PostgresConnection.hasPassword(argument) else { return }
    throw ValidationError(
      "--database takes no password, because everybody on this machine can read a command's "
        + "arguments: put the connection string into the environment variable \(variable)")
  }

  /// The argument, else the environment's.
  static func value(_ argument: String?) -> String? {
    argument ?? ProcessInfo.processInfo.environment[variable]
  }
}
