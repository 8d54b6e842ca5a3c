// Notices that a client goes while its answer is still being written.

internal import NIOCore

/// Runs an action when the client closes the connection, or its side of it: the server lets half of
/// one live, and would hear of the end at a write that fails, the second after it.
final class DepartureHandler: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  typealias InboundIn = NIOAny

  private let action: @Sendable () -> Void

  init(_ action: @escaping @Sendable () -> Void) { self.action = action }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { action() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    action()
    context.fireChannelInactive()
  }
}
