// Whether the service runs and takes requests.

public import Formats

public struct ServiceStatus: Codable, Sendable, Equatable {
  public enum State: String, JSONChoice {
    /// The process runs.
    case ok
    /// Requests are taken.
    case ready
  }

  public var status: State

  public init(status: State) { self.status = status }
}
