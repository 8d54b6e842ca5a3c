// How many files this process may open: each connection is one.

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Connections that are accepted beyond the system's limit of open files would not come in, and
/// then nobody would: so the limit bounds them.
enum OpenFiles {
  /// For the journal's connections, the Worker's, the nodes', the log: some dozens.
  static let reserve = 256

  /// Raises the process's own limit as far as `count` where the system allows it; returns the
  /// limit that holds.
  static func raise(to count: Int) -> Int {
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(files, &limit) == 0 else { return reserve }
    if limit.rlim_cur < UInt(count) {
      var raised = limit
      raised.rlim_cur = min(UInt(count), limit.rlim_max)
      if setrlimit(files, &raised) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// Connections at most where so many are wanted and so many files may be open.
  static func connections(wanted: Int, files: Int) -> Int {
    min(wanted, max(files - reserve, files / 2))
  }
}
