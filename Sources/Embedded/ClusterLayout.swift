// Where a private cluster lies on disk, and who may reach it.

internal import Foundation
internal import Glibc

/// The places of one cluster. All but the lock are under `home`.
struct ClusterLayout: Sendable {
  /// Where root's clusters go when the account of the server cannot reach the asked directory.
  private static let elsewhere = "/var/lib/uncross"
  // sun_path is 108 bytes with its zero.
  private static let longestSocketPath = 107

  var home: String
  var user: SystemUser?

  var data: String { home + "/data" }
  var newData: String { home + "/data.new" }
  var socket: String { home + "/socket" }
  var serverLog: String { home + "/server.log" }
  var settings: String { data + "/uncross.conf" }
  var pidFile: String { data + "/postmaster.pid" }
  var socketFile: String { socket + "/.s.PGSQL.5432" }

  /// Makes the directories. The caller holds the lock of `directory`, which exists.
  init(directory: String, user: SystemUser?) throws(EmbeddedError) {
    home = directory
    self.user = user
    if let user, !Self.canEnter(directory, user) { home = try Self.homeElsewhere(directory) }
    guard socketFile.utf8.count <= Self.longestSocketPath else {
      throw EmbeddedError(
        "the socket's path would be \(socketFile.utf8.count) bytes, "
          + "\(Self.longestSocketPath) at most: choose a shorter data directory than \(directory)")
    }
    // libpq splits hosts at commas, the server its settings at line ends.
    guard !home.contains(where: { $0 == "," || $0.isNewline }) else {
      throw EmbeddedError("the data directory's path has a comma or a line end: \(home)")
    }
    try makePrivate(socket)
  }

  func conninfo(user: String, database: String) -> String {
    let host = socket.replacingOccurrences(of: "\\", with: "\\\\")
      .replacingOccurrences(of: "'", with: "\\'")
    return "host='\(host)' port=5432 user=\(user) dbname=\(database)"
  }

  /// A directory for the server alone.
  func makePrivate(_ path: String) throws(EmbeddedError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST, chmod(path, 0o700) == 0 else {
      throw EmbeddedError("cannot make \(path): \(String(cString: strerror(errno)))")
    }
    try giveToServer(path)
  }

  func giveToServer(_ path: String) throws(EmbeddedError) {
    guard let user else { return }
    guard chown(path, user.id, user.group) == 0 else {
      throw EmbeddedError(
        "cannot give \(path) to \(user.name): \(String(cString: strerror(errno)))")
    }
  }

  /// Whether every directory on the way lets the account pass.
  static func canEnter(_ directory: String, _ user: SystemUser) -> Bool {
    var path = directory
    while true {
      var details = Glibc.stat()
      guard stat(path, &details) == 0 else { return false }
      let bit: mode_t =
        details.st_uid == user.id ? 0o100 : details.st_gid == user.group ? 0o010 : 0o001
      if details.st_mode & bit == 0 { return false }
      if path == "/" { return true }
      path = (path as NSString).deletingLastPathComponent
    }
  }

  /// Root's own folders (/root) are closed to the server's account. The place used instead has a
  /// random name that only a file in the asked directory knows: who deletes that directory starts
  /// afresh.
  private static func homeElsewhere(_ directory: String) throws(EmbeddedError) -> String {
    let note = directory + "/location"
    if let known = try? String(contentsOfFile: note, encoding: .utf8) {
      let path = known.trimmingCharacters(in: .whitespacesAndNewlines)
      guard access(path, F_OK) == 0 else {
        throw EmbeddedError("\(note) says that the cluster is at \(path), where nothing is")
      }
      return path
    }
    let path = elsewhere + "/" + String(UInt64.random(in: .min ... .max), radix: 36)
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
      try Data((path + "\n").utf8).write(to: URL(fileURLWithPath: note), options: .atomic)
    } catch {
      throw EmbeddedError("cannot make \(path) for the cluster: \(error)")
    }
    return path
  }
}

/// The right to manage a directory, one process at a time; the system frees it when we end, however
/// we end.
struct DirectoryLock: ~Copyable {
  private let descriptor: Int32

  init(_ directory: String) throws(EmbeddedError) {
    // Not inherited (O_CLOEXEC): a child that outlives us must not keep the lock.
    descriptor = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw EmbeddedError("cannot open \(directory)/lock: \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 32)
      let count = max(read(descriptor, &text, text.count), 0)
      let holder = String(decoding: text.prefix(count), as: UTF8.self)
      close(descriptor)
      throw EmbeddedError("another process (\(holder)) manages \(directory)")
    }
    let pid = Array("\(getpid())".utf8)
    ftruncate(descriptor, 0)
    _ = pwrite(descriptor, pid, pid.count, 0)
  }

  deinit { close(descriptor) }
}
