// Who finds room in the queue for the engine when others have filled it.

public import Engine

/// How far commands may fill the queue of `CommandLoop`.
public enum QueuePlace: Sendable {
  /// Closed by the gate.
  case ordinary
  /// Of users, beyond the ordinary ones, for what ends something: cancels of orders and of
  /// withdrawals, and the owner's word about a key that waits.
  case reserved
  /// Of operators, custody and the exchange itself: no user takes them, so that an operator can
  /// always act against whoever fills the queue.
  case operators

  /// The place of commands that come together: the least of theirs.
  public init(of commands: [Command]) {
    var place = QueuePlace.operators
    for command in commands {
      switch command {
      case .order(.place), .order(.amend), .user(.addPayoutAddress), .user(.removePayoutAddress),
        .withdrawal(.request):
        self = .ordinary
        return
      case .order(.cancel), .order(.cancelAll), .user(.answerKeyGrant), .withdrawal(.cancel):
        place = .reserved
      // Of a withdrawal the rest is custody's.
      case .schedule, .operation, .deposit, .venue, .withdrawal(.start), .withdrawal(.finish),
        .withdrawal(.fail):
        break
      }
    }
    self = place
  }
}
