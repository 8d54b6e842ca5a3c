// The second pair of eyes where one person holds both keys: a development exchange, a load, a
// demonstration.

internal import Client
internal import Wire

/// Approves what a first operator asked for, with a key of its own.
struct SecondOperator: Sendable {
  let client: UncrossClient
  private let signer: RequestSigner

  /// Many calls of one operator meet its rate limit: they wait as told.
  private static let attempts = 15

  init(api: String, signer: RequestSigner) {
    var options = UncrossClient.Configuration(baseURL: api, signer: signer)
    options.maximumAttempts = Self.attempts
    client = UncrossClient(options)
    self.signer = signer
  }

  /// Books an adjustment that waits; one that was decided meanwhile stays so.
  func approve(_ outcome: AdjustmentOutcome) async throws {
    guard outcome.status == .waitingApproval else { return }
    let waiting = try await client.waitingAdjustments().first {
      $0.adjustmentID == outcome.adjustmentID
    }
    guard let waiting else { return }
    do throws(APIError) {
      _ = try await client.approve(
        adjustment: waiting.adjustmentID, signature: signer.sign(digest: waiting.approvalDigest))
    } catch {
      guard error.code == "approval_not_found" else { throw error }
    }
  }
}
