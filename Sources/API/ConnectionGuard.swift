// The first handler of a connection: its place, its deadlines, and its end.

internal import NIOCore

/// Watches the bytes of one connection, and is told of its messages by `MessageGuard`. It closes
/// a connection whose client takes too long for a head, a body or an answer, or sends nothing.
/// All of it runs on the connection's event loop.
final class ConnectionGuard: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  /// Bytes that a client may still send after its last answer before it is cut.
  private static let maximumUnread = 1 << 20

  /// What is being read.
  private enum Reading: Equatable {
    case nothing
    case head
    case body(received: Int)
  }

  private let places: ConnectionPlaces
  private let deadlines: ConnectionDeadlines
  private var context: ChannelHandlerContext?
  private var reading = Reading.nothing
  /// Since when the clock of `reading` runs.
  private var since = NIODeadline.now()
  /// Requests whose head was read and whose answer has not ended.
  private var unanswered = 0
  /// Bytes of answers that have not left.
  private var unsent = 0
  private var unsentSince = NIODeadline.now()
  /// Bytes of answers that have left: the system may hold the last of them.
  private var departed = 0
  /// A close of our side that waits until all has left.
  private var finishes: (waits: Bool, promise: EventLoopPromise<Void>?) = (false, nil)
  private var lingersUntil: NIODeadline?
  private var unread = 0
  private var alarm: (at: NIODeadline, task: Scheduled<Void>)?

  init(places: ConnectionPlaces, deadlines: ConnectionDeadlines) {
    self.places = places
    self.deadlines = deadlines
  }

  // MARK: Coming and going

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    since = .now()
    let address = ClientAddress.name(of: context.channel.remoteAddress)
    places.enter(context.channel, from: address)
    setAlarm(context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end(context)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end(context) }

  private func end(_ context: ChannelHandlerContext) {
    guard self.context != nil else { return }
    self.context = nil
    if finishes.waits { finishes.promise?.fail(ChannelError.ioOnClosedChannel) }
    finishes = (false, nil)
    alarm?.task.cancel()
    alarm = nil
    places.leave(context.channel)
  }

  // MARK: Bytes

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if lingersUntil != nil {
      unread += unwrapInboundIn(data).readableBytes
      if unread > Self.maximumUnread { context.close(promise: nil) }
      return
    }
    if reading == .nothing {
      reading = .head
      since = .now()
    }
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if lingersUntil != nil {
      // What lies behind may have stopped reading long ago; the client's end must be seen.
      context.read()
      return
    }
    setAlarm(context)
    context.fireChannelReadComplete()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let count = unwrapOutboundIn(data).readableBytes
    guard count > 0 else {
      context.write(data, promise: promise)
      return
    }
    if unsent == 0 { unsentSince = .now() }
    unsent += count
    let sent = promise ?? context.eventLoop.makePromise()
    sent.futureResult.assumeIsolated().whenComplete { [self] _ in
      unsent -= count
      departed += count
      unsentSince = .now()
      if unsent == 0 { allSent() }
    }
    context.write(data, promise: sent)
  }

  private func allSent() {
    guard let context else { return }
    if finishes.waits {
      finishes.waits = false
      context.close(mode: .output, promise: finishes.promise)
    }
    if lingersUntil != nil {
      lingersUntil = lingerEnd
      setAlarm(context)
    }
  }

  /// When a client that reads at the least rate has read all that has left.
  private var lingerEnd: NIODeadline {
    .now() + deadlines.linger(min(departed, SocketMemory.sendBuffer))
  }

  /// A client that has closed its side still gets all of its answer: closing ours before it left
  /// would close everything.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    guard mode == .output, unsent > 0, !finishes.waits else {
      context.close(mode: mode, promise: promise)
      return
    }
    finishes = (true, promise)
  }

  func flush(context: ChannelHandlerContext) {
    context.flush()
    if unsent > 0 { setAlarm(context) }
  }

  // MARK: Messages, as `MessageGuard` sees them

  func headCame() {
    reading = .body(received: 0)
    since = .now()
    unanswered += 1
    if unanswered == 1, let context { places.setBusy(context.channel, true) }
  }

  func bodyCame(_ count: Int) {
    if case .body(let received) = reading { reading = .body(received: received + count) }
  }

  func requestEnded() {
    reading = .nothing
    since = .now()
  }

  /// The clock of what is read next begins when its turn has come.
  func answerEnded() {
    unanswered -= 1
    since = .now()
    if case .body = reading { reading = .body(received: 0) }
    guard unanswered == 0, let context else { return }
    places.setBusy(context.channel, false)
    setAlarm(context)
  }

  /// Bytes that a decoder before did not take, for the one that is there now.
  func readAgain(_ bytes: ByteBuffer) {
    guard let context else { return }
    channelRead(context: context, data: wrapInboundOut(bytes))
    channelReadComplete(context: context)
  }

  /// The last answer is on its way: says so, and closes when the client has, or a while later.
  func linger() {
    guard lingersUntil == nil, let context else { return }
    lingersUntil = lingerEnd
    close(context: context, mode: .output, promise: nil)
    context.read()
    setAlarm(context)
  }

  // MARK: The alarm

  /// The first of the deadlines that run.
  private var deadline: NIODeadline? {
    var first: NIODeadline?
    func add(_ deadline: NIODeadline) { first = min(first ?? deadline, deadline) }
    if unsent > 0 { add(unsentSince + deadlines.write(unsent)) }
    if let lingersUntil {
      // While the answer leaves, its own deadline holds.
      if unsent == 0 { add(lingersUntil) }
      return first
    }
    switch reading {
    case .nothing where unanswered == 0: add(since + .milliseconds(deadlines.idleMilliseconds))
    case .head where unanswered == 0: add(since + .milliseconds(deadlines.headMilliseconds))
    case .body(let received) where unanswered == 1: add(since + deadlines.body(received))
    // Earlier answers are still to come: the server may not be reading.
    case .nothing, .head, .body: break
    }
    return first
  }

  /// Sets the alarm unless an earlier one is set: that one looks again.
  private func setAlarm(_ context: ChannelHandlerContext) {
    guard let deadline, self.context != nil else { return }
    if let alarm, alarm.at <= deadline { return }
    alarm?.task.cancel()
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
      alarm = nil
      guard let context = self.context else { return }
      if let due = self.deadline, due <= .now() {
        context.channel.forgetUnread()
        context.close(promise: nil)
      } else {
        setAlarm(context)
      }
    }
    alarm = (deadline, task)
  }
}
