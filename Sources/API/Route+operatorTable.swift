// The table of operators' routes.

internal import Engine
internal import Wire

extension Route {
  static let ofOperators: [Route] = operatorRoutes + userRoutes + payoutRoutes + decisionRoutes

  private static let decisionRoutes: [Route] = [
    operating(
      "listWaitingDecisions", .get, "/custody-decisions",
      "Lists the decisions about deposits and payments that wait for a second operator.",
      answer: .json(WaitingDecisions.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.waitingDecisions()
    },
    operating(
      "approveDecision", .post, "/custody-decisions/{id}/approve",
      "Approves a decision, which is then done.",
      body: ApprovalSignature.self,
      answer: .json(CustodyOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.approveDecision(call, user)
    },
    operating(
      "refuseDecision", .post, "/custody-decisions/{id}/refuse", "Refuses a decision that waits.",
      body: Reason.self,
      answer: .json(CustodyOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.refuseDecision(call, user)
    },
  ]

  private static let payoutRoutes: [Route] = [
    operating(
      "listAllWithdrawals", .get, "/withdrawals",
      "Lists the withdrawals of all users, newest first.",
      query: [.withdrawalStatus, .before, .limit(Handlers.maximumLimit)],
      answer: .json(WithdrawalPage.self)
    ) { handlers, call, _ throws(Refusal) in
      try await handlers.withdrawals(call, of: nil)
    },
    operating(
      "listWaitingWithdrawals", .get, "/withdrawals/waiting",
      "Lists the withdrawals that wait for operators.",
      answer: .json(WaitingWithdrawals.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.waitingWithdrawals()
    },
    operating(
      "approveWithdrawal", .post, "/withdrawals/{id}/approve", "Approves a withdrawal.",
      body: ApprovalSignature.self,
      answer: .json(WithdrawalOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.approveWithdrawal(call, user)
    },
    operating(
      "rejectWithdrawal", .post, "/withdrawals/{id}/reject", "Ends a withdrawal without a payment.",
      body: Reason.self,
      answer: .json(WithdrawalOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.rejectWithdrawal(call, user)
    },
    operating(
      "setWithdrawalTerms", .post, "/withdrawal-terms",
      "Sets on which terms an asset can be withdrawn.",
      body: Reasoned<WithdrawalTermsLine>.self,
      answer: .json(SettingChange.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setWithdrawalTerms(call, user)
    },
    operating(
      "setAddressDelay", .post, "/address-delay", "Sets how long a new address waits.",
      body: Reasoned<AddressDelay>.self,
      answer: .json(SettingChange.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setAddressDelay(call, user)
    },
    operating(
      "getPayouts", .get, "/payouts", "Shows the open payments.",
      answer: .json(PayoutReport.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.payouts()
    },
    operating(
      "resumePayouts", .post, "/payouts/resume", "Lets payments go on after a halt.",
      body: Reason.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.resumePayouts(call, user)
    },
    operating(
      "cancelPayout", .post, "/payouts/{nonce}/cancel",
      "Ends an open payment without paying, if the chain still lets it.",
      body: Reason.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.cancelPayout(call, user)
    },
    operating(
      "resolvePayout", .post, "/payouts/{nonce}/resolve",
      "Says what became of a payment that is held, or proposes it where it has not paid.",
      body: PayoutResolution.self,
      answer: .json(CustodyOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.resolvePayout(call, user)
    },
    operating(
      "getSweeps", .get, "/sweeps", "Shows the open sweeps.",
      answer: .json(SweepReport.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.sweeps()
    },
    operating(
      "submitSweeps", .post, "/sweeps",
      "Takes signed sweeps, which are sent until the chain has them.",
      body: SignedSweeps.self,
      answer: .json(SweepOutcomes.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.submitSweeps(call, user)
    },
    operating(
      "planSweeps", .get, "/sweeps/plan", "Shows what can be swept of a page of deposit addresses.",
      query: [.sweptAsset, .minimum, .afterAddress],
      answer: .json(SweepPlanPage.self)
    ) { handlers, call, _ throws(Refusal) in
      try await handlers.sweepPlan(call)
    },
    operating(
      "topUpAddresses", .post, "/sweeps/top-ups",
      "Sends gas to the addresses of a page of the plan that lack it.",
      body: NewTopUps.self,
      answer: .json(TopUpOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.topUp(call, user)
    },
  ]

  /// An operator's route.
  private static func operating(
    _ id: String, _ method: RequestMethod, _ template: String, _ summary: String,
    query: [QueryParameter] = [], body: WireType? = nil, answer: AnswerForm,
    _ handler: @escaping @Sendable (Handlers, Call, Identity) async throws(Refusal) -> Answer
  ) -> Route {
    Route(
      id, method, "/v1/operator" + template, summary, query: query, body: body, answer: answer,
      access: .roles(operators, handler))
  }

  private static let operatorRoutes: [Route] = [
    operating(
      "createAsset", .post, "/assets", "Creates an asset.",
      body: NewAsset.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.createAsset(call, user)
    },
    operating(
      "createMarket", .post, "/markets", "Opens a market.",
      body: NewMarket.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.createMarket(call, user)
    },
    operating(
      "changeMarket", .patch, "/markets/{market}", "Changes a market's terms.",
      body: Reasoned<MarketTermsChange>.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.changeMarket(call, user)
    },
    operating(
      "suspendMarket", .post, "/markets/{market}/suspend", "Suspends a market.",
      body: Reason.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setOpen(call, user, false)
    },
    operating(
      "resumeMarket", .post, "/markets/{market}/resume", "Opens a suspended market again.",
      body: Reason.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setOpen(call, user, true)
    },
    operating(
      "setReferencePrice", .post, "/markets/{market}/reference",
      "Sets a market's reference price and cancels its market orders.",
      body: Reasoned<ReferencePrice>.self,
      answer: .json(Applied.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setReference(call, user)
    },
    operating(
      "adjustBalance", .post, "/adjustments", "Gives funds to a user or takes them.",
      body: NewAdjustment.self,
      answer: .json(AdjustmentOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.adjust(call, user)
    },
    operating(
      "listWaitingAdjustments", .get, "/adjustments",
      "Lists the adjustments that wait for a second operator.",
      answer: .json(WaitingAdjustments.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.waitingAdjustments()
    },
    operating(
      "approveAdjustment", .post, "/adjustments/{id}/approve", "Approves an adjustment.",
      body: ApprovalSignature.self,
      answer: .json(AdjustmentOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.approveAdjustment(call, user)
    },
    operating(
      "refuseAdjustment", .post, "/adjustments/{id}/refuse", "Refuses an adjustment.",
      body: Reason.self,
      answer: .json(AdjustmentOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.refuseAdjustment(call, user)
    },
    operating(
      "getEngineState", .get, "/state", "Shows the hash of the engine's state.",
      answer: .json(EngineState.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.engineState()
    },
    operating(
      "listOperatorLog", .get, "/log", "Lists what operators did, newest first.",
      query: [.operator, .action, .subject, .beforeAction, .limit(Handlers.maximumLimit)],
      answer: .json(OperatorLogPage.self)
    ) { handlers, call, _ throws(Refusal) in
      try await handlers.operatorLog(call)
    },
    operating(
      "listAllDeposits", .get, "/deposits", "Lists the deposits of all users, newest first.",
      query: [.depositStatus, .before, .limit(Handlers.maximumLimit)],
      answer: .json(DepositPage.self)
    ) { handlers, call, _ throws(Refusal) in
      try await handlers.depositsOfAll(call)
    },
    operating(
      "resolveDeposit", .post, "/deposits/{id}/resolution",
      "Rejects a deposit in review, or proposes to credit it.",
      body: NewDepositResolution.self,
      answer: .json(CustodyOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.resolveDeposit(call, user)
    },
    operating(
      "reconcile", .get, "/reconciliation", "Compares the chain with the books.",
      answer: .json(ReconciliationReport.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.reconciliation()
    },
    operating(
      "getSolvency", .get, "/solvency",
      "Shows the last comparison of the chain with the books, and its age.",
      answer: .json(SolvencyReport.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.solvency()
    },
    operating(
      "rescan", .post, "/custody/rescan", "Looks at scanned blocks again for what was left out.",
      body: NewRescan.self,
      answer: .json(RescanReport.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.rescan(call, user)
    },
    operating(
      "getCustodyState", .get, "/custody", "Shows how custody of the chain stands.",
      answer: .json(CustodyState.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.custodyState()
    },
    operating(
      "getMetrics", .get, "/metrics", "Shows the venue's figures.",
      answer: .prometheus
    ) { handlers, _, _ in handlers.figures() },
    operating(
      "listBalancesOfUser", .get, "/balances", "Lists the balances of a user.",
      query: [.user],
      answer: .json(BalanceList.self)
    ) { handlers, call, _ throws(Refusal) in
      try await handlers.balancesOfUser(call)
    },
  ]

  private static let userRoutes: [Route] = [
    operating(
      "createUser", .post, "/users", "Registers a user, with a first key or without one.",
      body: NewUser.self,
      answer: .json(UserDetails.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.createUser(call, user)
    },
    operating(
      "findUser", .get, "/users", "Finds a user by name.",
      query: [.userName],
      answer: .json(UserDetails.self)
    ) { handlers, call, _ throws(Refusal) in
      try await handlers.findUser(call)
    },
    operating(
      "grantKey", .post, "/users/{id}/keys", "Gives a key access to an account.",
      body: Reasoned<KeyGrant>.self,
      answer: .json(KeyGrantOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.grantKey(call, user)
    },
    operating(
      "freezeUser", .post, "/users/{id}/freeze",
      "Cancels the orders of a user and takes none from then on.",
      body: Reason.self,
      answer: .json(UserState.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setFrozen(call, user, true)
    },
    operating(
      "unfreezeUser", .post, "/users/{id}/unfreeze", "Takes the orders of a frozen user again.",
      body: Reason.self,
      answer: .json(UserState.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setFrozen(call, user, false)
    },
    operating(
      "revokeKey", .post, "/keys/{public_key}/revoke", "Revokes a key at once.",
      body: Reason.self,
      answer: .json(KeyOwner.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.revokeKey(call, user)
    },
    operating(
      "listWaitingKeys", .get, "/key-grants", "Lists the keys that wait.",
      answer: .json(WaitingKeys.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.waitingKeys()
    },
    operating(
      "approveKeyGrant", .post, "/key-grants/{id}/approve", "Approves a key that waits.",
      body: ApprovalSignature.self,
      answer: .json(KeyGrantOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.approveKey(call, user)
    },
    operating(
      "refuseKeyGrant", .post, "/key-grants/{id}/refuse", "Refuses a key that waits.",
      body: Reason.self,
      answer: .json(KeyGrantOutcome.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.refuseKey(call, user)
    },
    operating(
      "getOperatorDelay", .get, "/operator-delay",
      "Shows how long an operator's new key counts for nothing.",
      answer: .json(OperatorDelay.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.operatorDelay()
    },
    operating(
      "setOperatorDelay", .post, "/operator-delay",
      "Sets how long an operator's new key counts for nothing.",
      body: Reasoned<AddressDelay>.self,
      answer: .json(SettingChange.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setOperatorDelay(call, user)
    },
    operating(
      "getOrderTerms", .get, "/order-terms",
      "Shows what is remembered of orders, and the order-to-trade allowance.",
      answer: .json(VenueOrderTerms.self)
    ) { handlers, _, _ throws(Refusal) in
      try await handlers.orderTerms()
    },
    operating(
      "setOrderTerms", .post, "/order-terms",
      "Sets what is remembered of orders, and the order-to-trade allowance.",
      body: Reasoned<VenueOrderTerms>.self,
      answer: .json(VenueOrderTerms.self)
    ) { handlers, call, user throws(Refusal) in
      try await handlers.setOrderTerms(call, user)
    },
  ]
}
