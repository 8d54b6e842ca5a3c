// Who finds room in the queue for the engine when others have filled it.

public import Engine

/// How far commands may fill the queue of `CommandLoop`.
public enum QueuePlace: Sendable {
  /// Closed by the gate.
  case ordinary
  /// Of users, beyond the ordinary ones: cancels make the venue smaller; and what they send about
  /// keys, addresses and withdrawals is not in the way of trading.
  case reserved
  /// Of operators, custody and the exchange itself: no user takes them, so that an operator can
  /// always act against whoever fills the queue.
  case operators

  /// The place of commands that come together: the least of theirs.
  public init(of commands: [Command]) {
    var place = QueuePlace.operators
    for command in commands {
      switch command {
      case .order(.place), .order(.amend):
        self = .ordinary
        return
      case .order(.cancel), .order(.cancelAll), .user, .withdrawal: place = .reserved
      case .schedule, .operation, .deposit, .venue: break
      }
    }
    self = place
  }
}
