// Running what a reader of the documentation would run.

import Foundation

struct CommandFailure: Error, CustomStringConvertible {
  var description: String
}

/// A shell command's output; throws what it said where it failed. It blocks a thread of its own,
/// never one of the cooperative pool, on which the server runs that the command may call.
func run(_ command: String, _ environment: [String: String] = [:]) async throws -> String {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Result { try runBlocking(command, environment) })
    }
  }
}

private func runBlocking(_ command: String, _ environment: [String: String]) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/bin/sh")
  process.arguments = ["-c", command]
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let (output, errors) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = errors
  try process.run()
  let text = output.fileHandleForReading.readDataToEndOfFile()
  let complaint = errors.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    let said = String(decoding: text + complaint, as: UTF8.self)
    throw CommandFailure(description: "exit \(process.terminationStatus): \(said)")
  }
  return String(decoding: text, as: UTF8.self)
}

/// A new directory for the length of `body`.
func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let directory = FileManager.default.temporaryDirectory.path + "/uncross-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try await body(directory)
}
