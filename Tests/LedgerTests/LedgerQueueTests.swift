// Turns of users' ledger queries: one at a time a user, and none waits for all of another's.

import Engine
import SeededNumbers
import Testing

@testable import Ledger

@Suite struct LedgerQueueTests {
  @Test func usersTakeTurns() {
    var queue = LedgerQueue<String>()
    for name in ["a1", "a2", "a3"] { #expect(queue.add(name, of: 1) == nil) }
    #expect(queue.next() == "a1")
    for (name, user) in [("b1", UserID(2)), ("b2", 2), ("c1", 3)] {
      #expect(queue.add(name, of: user) == nil)
    }
    // Nobody has two at once.
    #expect(queue.next() == "b1" && queue.next() == "c1" && queue.next() == nil)
    queue.finish(1)
    queue.finish(2)
    #expect(queue.next() == "a2" && queue.next() == "b2" && queue.next() == nil)
    queue.finish(1)
    #expect(queue.next() == "a3" && queue.next() == nil)
  }

  @Test func moreThanItMayIsRefused() {
    var queue = LedgerQueue<Int>()
    let ofUser = LedgerQueue<Int>.maximumOfUser
    for job in 0..<ofUser { #expect(queue.add(job, of: 1) == nil) }
    #expect(queue.add(9, of: 1) == .tooManyOfUser)
    // One that is being answered counts.
    #expect(queue.next() == 0 && queue.add(9, of: 1) == .tooManyOfUser)
    queue.finish(1)
    #expect(queue.add(9, of: 1) == nil)
    for job in ofUser..<LedgerQueue<Int>.maximumJobs {
      #expect(queue.add(job, of: UserID(1_000 + job)) == nil)
    }
    #expect(queue.add(9, of: 9) == .tooMany)
    #expect(queue.removeWaiting().count == LedgerQueue<Int>.maximumJobs)
    #expect(queue.next() == nil && queue.add(9, of: 9) == nil)
  }

  /// Against a list that is searched: the user whose turn was longest ago, of those that may.
  @Test(arguments: UInt64(1)...40) func turnsAreThoseOfAPlainList(seed: UInt64) {
    var numbers = SeededNumbers(seed)
    var queue = LedgerQueue<Int>()
    var waiting: [(user: UserID, job: Int)] = []
    var (busy, turns) = (Set<UserID>(), [UserID]())
    for job in 0..<400 {
      let user = UserID(numbers.below(6))
      if numbers.once(in: 2) {
        let count = waiting.count { $0.user == user } + (busy.contains(user) ? 1 : 0)
        let refusal = queue.add(job, of: user)
        #expect(refusal == (count < 4 ? nil : .tooManyOfUser), "seed \(seed)")
        if refusal == nil {
          waiting.append((user, job))
          if count == 0 { turns.append(user) }
        }
      } else if busy.contains(user) {
        queue.finish(user)
        busy.remove(user)
        if waiting.contains(where: { $0.user == user }) { turns.append(user) }
      } else {
        let next = turns.isEmpty ? nil : turns.removeFirst()
        let place = waiting.firstIndex { $0.user == next }
        #expect(queue.next() == place.map { waiting[$0].job }, "seed \(seed)")
        if let place, let next {
          waiting.remove(at: place)
          busy.insert(next)
        }
      }
    }
  }
}
