// Whether a data directory's server lives, which its pid file alone does not tell.

internal import Foundation
internal import Glibc

/// What a `postmaster.pid` is worth. `pg_ctl` and the server believe any pid that exists, also a
/// zombie's or a stranger's that came by the number; a postmaster of ours also has the directory as
/// its working directory.
enum Postmaster {
  /// The directory's living postmaster.
  static func live(_ layout: ClusterLayout) -> pid_t? {
    guard let pid = recorded(layout), isAlive(pid, layout) else { return nil }
    return pid
  }

  private static func recorded(_ layout: ClusterLayout) -> pid_t? {
    guard let text = try? String(contentsOfFile: layout.pidFile, encoding: .utf8),
      let line = text.split(separator: "\n").first, let pid = pid_t(line), pid > 1
    else { return nil }
    return pid
  }

  static func isAlive(_ pid: pid_t, _ layout: ClusterLayout) -> Bool {
    // "pid (name) state ...", and the name may hold anything but the last bracket.
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let bracket = text.lastIndex(of: ")")
    else { return false }
    if let state = text[bracket...].dropFirst(2).first, "ZXx".contains(state) { return false }
    var own = Glibc.stat()
    var data = Glibc.stat()
    return stat("/proc/\(pid)/cwd", &own) == 0 && stat(layout.data, &data) == 0
      && own.st_ino == data.st_ino && own.st_dev == data.st_dev
  }

  /// Clears what a postmaster that died left behind, if there is such; the caller holds the
  /// directory's lock, so no other can be starting. Orphaned sessions of the dead one still keep
  /// its shared memory, which the server checks by itself: it refuses until they are gone, and is
  /// started again.
  static func forgetDead(_ layout: ClusterLayout) -> Bool {
    guard access(layout.pidFile, F_OK) == 0, live(layout) == nil else { return false }
    for path in [layout.pidFile, layout.socketFile, layout.socketFile + ".lock"] { unlink(path) }
    return true
  }
}
