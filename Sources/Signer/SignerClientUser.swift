// The user that the exchange runs as, where that is not the signer's own.

internal import Glibc

/// Another user whose processes are answered, and who must not be able to change what the signer
/// goes by.
///
/// Neither root nor the signer's own user: `ProtectedFile` takes only files of these two, so none
/// of the client's.
public struct SignerClientUser: Equatable, Sendable {
  public let id: UInt32

  init(id: UInt32) { self.id = id }

  /// - Parameter text: a user's name, or its number.
  public init(_ text: String) throws(SignerClientUserError) {
    if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      // The last number means "none" to the system.
      guard let id = UInt32(text), id != .max else { throw .unknown }
      self.id = id
    } else {
      guard let entry = getpwnam(text) else { throw .unknown }
      id = entry.pointee.pw_uid
    }
    guard id != geteuid() else { throw .signersOwn }
    guard id != 0 else { throw .root }
  }

  /// Whoever may write to a directory above a file may put another in its place: none may be the
  /// client's, and only where nobody moves the files of others (as in /tmp) one that others write
  /// to.
  public func checkCannotReplace(_ path: String) throws(SignerClientUserError) {
    guard let real = realpath(ProtectedFile.directory(of: path), nil) else {
      throw .file(.last("realpath"))
    }
    defer { free(real) }
    var directory = String(cString: real)
    while true {
      var status = stat()
      guard lstat(directory, &status) == 0 else { throw .file(.last("lstat")) }
      let isSafe = status.st_mode & 0o022 == 0 || status.st_mode & S_ISVTX != 0
      guard status.st_uid != id, isSafe else {
        throw .canReplace(
          directory: directory, user: status.st_uid, mode: status.st_mode & 0o7777)
      }
      if directory == "/" { return }
      directory = ProtectedFile.directory(of: directory)
    }
  }
}

/// Why a user is not taken for the client.
public enum SignerClientUserError: Error, Equatable, Sendable {
  case unknown
  case root
  case signersOwn
  case canReplace(directory: String, user: UInt32, mode: UInt32)
  case file(FileFault)
}

extension SignerClientUserError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknown: "there is no such user"
    case .root: "from root nothing can be kept"
    case .signersOwn: "this is the signer's own user, which is answered without the option"
    case .canReplace(let directory, let user, let mode):
      "the client could replace it: \(directory) is user \(user)'s with mode "
        + String(mode, radix: 8)
    case .file(let fault): fault.description
    }
  }
}
