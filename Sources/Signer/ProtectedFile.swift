// Files that others must not read or change: how the signer opens and makes them.

internal import Glibc

/// Why a file is not used.
public enum FileFault: Error, Equatable, Sendable {
  case missing
  /// It is never overwritten.
  case exists
  case symbolicLink
  /// A directory, a socket, a pipe.
  case notRegular
  /// It belongs to this user, and not to the one that runs the signer.
  case otherOwner(user: UInt32)
  /// Its permission bits let the group or others in.
  case openToOthers(mode: UInt32)
  case tooLarge(byteCount: Int)
  /// The call of the system failed with `errno` as `code`.
  case system(call: String, code: Int32)
}

/// A descriptor that is closed at the end.
struct Descriptor: ~Copyable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }
}

enum ProtectedFile {
  /// What a file holds besides its bytes.
  enum Kind {
    /// Nobody but its owner may read it, and its owner is the process's user.
    case secret
    /// Others may read it but not change it; the administrator may own it.
    case settings

    var forbiddenBits: mode_t { self == .secret ? 0o077 : 0o022 }
  }

  /// Opens a regular file, not through a symbolic link, and checks whose it is.
  static func open(
    _ path: String, _ kind: Kind, flags: Int32 = O_RDONLY
  ) throws(FileFault) -> Descriptor {
    // Without O_NONBLOCK the open of a pipe would wait for its other end.
    let number = Glibc.open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else {
      switch errno {
      case ENOENT: throw .missing
      case ELOOP: throw .symbolicLink
      default: throw .last("open")
      }
    }
    let descriptor = Descriptor(number)
    let status = try status(of: descriptor)
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
    guard status.st_uid == geteuid() || kind == .settings && status.st_uid == 0 else {
      throw .otherOwner(user: status.st_uid)
    }
    guard status.st_mode & kind.forbiddenBits == 0 else {
      throw .openToOthers(mode: status.st_mode & 0o7777)
    }
    return descriptor
  }

  static func status(of descriptor: borrowing Descriptor) throws(FileFault) -> stat {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { throw .last("fstat") }
    return status
  }

  /// All bytes of a file that may have at most `maximum`.
  static func read(_ path: String, _ kind: Kind, maximum: Int) throws(FileFault) -> [UInt8] {
    let descriptor = try open(path, kind)
    let size = Int(try status(of: descriptor).st_size)
    guard size <= maximum else { throw .tooLarge(byteCount: size) }
    var bytes: [UInt8] = []
    while try append(from: descriptor.number, to: &bytes, atMost: maximum + 1 - bytes.count) {
      guard bytes.count <= maximum else { throw .tooLarge(byteCount: bytes.count) }
    }
    return bytes
  }

  /// Reads once; false at the end.
  static func append(
    from descriptor: Int32, to bytes: inout [UInt8], atMost count: Int
  ) throws(FileFault) -> Bool {
    var piece = [UInt8](repeating: 0, count: min(count, 1 << 20))
    var got: Int
    repeat { got = Glibc.read(descriptor, &piece, piece.count) } while got < 0 && errno == EINTR
    guard got >= 0 else { throw .last("read") }
    bytes += piece.prefix(got)
    return got > 0
  }

  static func write(_ bytes: [UInt8], to descriptor: Int32) throws(FileFault) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .last("write") }
      written += count
    }
  }

  /// Makes a new file of mode 0600 with these bytes, on disk with its name when this returns. Its
  /// name appears only when it is whole: a kill leaves the file or nothing of that name.
  static func create(_ path: String, _ bytes: [UInt8]) throws(FileFault) {
    let temporary = "\(path).\(getpid()).new"
    unlink(temporary)
    let number = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw .last("open") }
    defer { unlink(temporary) }
    let descriptor = Descriptor(number)
    try write(bytes, to: descriptor.number)
    guard fsync(descriptor.number) == 0 else { throw .last("fsync") }
    // Unlike a rename, a link fails where the name is taken.
    guard link(temporary, path) == 0 else { throw errno == EEXIST ? .exists : .last("link") }
    try syncDirectory(of: path)
  }

  static func syncDirectory(
    of path: String, by sync: (Int32) -> Int32 = { fsync($0) }
  ) throws(FileFault) {
    let number = Glibc.open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .last("open") }
    let descriptor = Descriptor(number)
    guard sync(descriptor.number) == 0 else { throw .last("fsync") }
  }

  /// The part of a path before its last name.
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

extension FileFault {
  /// Of the call that failed just now.
  static func last(_ call: String) -> FileFault { .system(call: call, code: errno) }
}

extension FileFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .missing: "there is no such file"
    case .exists: "it exists, and is never overwritten"
    case .symbolicLink: "it is a symbolic link"
    case .notRegular: "it is no regular file"
    case .otherOwner(let user): "it belongs to user \(user)"
    case .openToOthers(let mode): "its mode \(String(mode, radix: 8)) lets others in: chmod 600"
    case .tooLarge(let count): "it is too large: \(count) bytes"
    case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
    }
  }
}
