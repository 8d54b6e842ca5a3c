// Values of the wire as command line arguments.

// Public, because a conformance of a public type to a public protocol is.
public import ArgumentParser
public import Formats
public import Wire

extension NewOrder.Side: ExpressibleByArgument {}
extension NewOrder.TimeInForce: ExpressibleByArgument {}
extension KeyRole: ExpressibleByArgument {}
extension DepositLine.Status: ExpressibleByArgument {}
extension WithdrawalLine.Status: ExpressibleByArgument {}
extension DecimalAmount: ExpressibleByArgument {}

extension Timestamp: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
