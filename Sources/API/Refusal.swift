// A request's refusal: the row of the table that becomes the one error shape.

internal import Engine

/// Why a request is refused: what becomes the one error shape.
struct Refusal: Error, Sendable, Equatable {
  var status: Int
  var code: String
  var message: String
  var retryAfterSeconds: Int?
  /// What a nonce must begin with, where a new signature of the present is not enough.
  var noncePrefix: String?
  /// For `method_not_allowed`.
  var allowedMethods: [String] = []

  /// `detail` says more than the table does.
  init(_ refusal: EdgeRefusal, _ detail: String? = nil, retryAfterSeconds: Int? = nil) {
    self.init(refusal.row, detail)
    self.retryAfterSeconds = retryAfterSeconds
  }

  /// `detail` says more than the table does.
  init(_ rejection: Rejection, _ detail: String? = nil) { self.init(rejection.row, detail) }

  private init(_ row: RefusalRow, _ detail: String?) {
    (status, code) = (row.status, row.code)
    message = detail ?? row.meaning
  }

  init(ofCore error: ExchangeError) {
    switch error {
    case .unavailable(let reason, let seconds):
      self.init(.unavailable, reason, retryAfterSeconds: max(seconds, 1))
    case .overloaded(let seconds): self.init(.overloaded, retryAfterSeconds: max(seconds, 1))
    case .rateLimited(let reason, let seconds):
      self.init(.rateLimited, reason, retryAfterSeconds: max(seconds, 1))
    case .outcomeUnknown: self.init(.outcomeUnknown)
    }
  }
}
