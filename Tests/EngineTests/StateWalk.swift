// Every stored field of an engine as text, by its path: what a snapshot must bring back.

@_spi(Reflection) import Swift

@testable import Engine

/// The values of each field, wherever it occurs: `orders[].feePaid` has one value an order.
///
/// Fields are found by reflection, so one that is added is walked without a word here. Reflection
/// hides the types of fields that cannot be copied: `parts` names those, and a new one that it does
/// not name is among `unknown`.
struct StateWalk {
  /// Sorted: nothing canonical depends on the order of slots or of a dictionary.
  private(set) var values: [String: [String]] = [:]
  /// Paths of enumerations without payload: they begin with any of their cases.
  private(set) var cases: Set<String> = []
  private(set) var unknown: [String] = []

  private enum Part {
    case whole(Any.Type)
    case records(Any.Type, stride: Int, isCopyable: Bool)
    /// Follows from the rest of the state, or belongs to no state.
    case rebuilt
  }

  private static let parts: [String: Part] = [
    "accounts": .whole(type(of: Accounts.self)),
    "accounts.slab": records(of: Account.self),
    "markets": .records(
      type(of: Market.self), stride: MemoryLayout<Market>.stride, isCopyable: false),
    "orders": records(of: Order.self),
    "remembered": .whole(type(of: RememberedOrders.self)),
    "remembered.slab": records(of: RememberedOrder.self),
    "memory": .whole(type(of: OrderMemory.self)),
    "memory.slab": records(of: KeptOrder.self),
    "memory.outcomes": records(of: OrderOutcome.self),
    // Books, queues and indices are made from the orders, scratch lists by the next run.
    "accounts.index": .rebuilt, "remembered.index": .rebuilt, "orderIndex": .rebuilt,
    "memory.byName": .rebuilt, "memory.byID": .rebuilt,
    // Where a ring of refusals begins.
    "memory.users[].oldestRefusal": .rebuilt,
    "traders": .rebuilt, "traderIndex": .rebuilt, "markets[].buys": .rebuilt,
    "markets[].sells": .rebuilt, "markets[].expiries": .rebuilt, "effects": .rebuilt,
    "buyFills": .rebuilt, "sellFills": .rebuilt, "locksBefore": .rebuilt,
    // A sum over the withdrawals, which may be there with 0.
    "withdrawals.dayOfVenue": .rebuilt,
  ]

  init(_ engine: borrowing AuctionEngine) {
    withUnsafePointer(to: engine) { pointer in
      walk(Self.type(of: AuctionEngine.self), UnsafeRawPointer(pointer), "")
    }
    for path in values.keys { values[path]?.sort() }
  }

  // MARK: What cannot be copied: by its memory

  private static func type<T: ~Copyable>(of type: T.Type) -> Any.Type {
    // A metatype of a type that cannot be copied is the same pointer; `_forEachField` only asks it
    // for names, types and offsets.
    unsafeBitCast(type, to: Any.Type.self)
  }

  private static func records<T>(of type: T.Type) -> Part {
    .records(type, stride: MemoryLayout<T>.stride, isCopyable: true)
  }

  /// The memory is borrowed for the length of `init`; offsets and types are the type's own.
  private mutating func walk(_ type: Any.Type, _ memory: UnsafeRawPointer, _ path: String) {
    var fields: [(name: String, offset: Int, type: Any.Type)] = []
    _ = _forEachField(of: type) { name, offset, type, _ in
      fields.append((String(cString: name), offset, type))
      return true
    }
    for field in fields {
      let place = path.isEmpty ? field.name : "\(path).\(field.name)"
      switch Self.parts[place] {
      case .whole(let type): walk(type, memory + field.offset, place)
      case .records(let type, let stride, let isCopyable):
        walkRecords(type, stride, isCopyable, memory + field.offset, place)
      case .rebuilt: break
      case nil where field.type == Void.self: unknown.append(place)
      case nil: walk(Self.load(field.type, memory + field.offset), place)
      }
    }
  }

  private static func load(_ type: Any.Type, _ memory: UnsafeRawPointer) -> Any {
    func load<T>(_ type: T.Type) -> Any { memory.assumingMemoryBound(to: type).pointee }
    return _openExistential(type, do: load)
  }

  /// A slab's records in use.
  private mutating func walkRecords(
    _ type: Any.Type, _ stride: Int, _ isCopyable: Bool, _ slab: UnsafeRawPointer, _ path: String
  ) {
    // All slabs are laid out alike: a pointer, numbers, a list of slots.
    var offsets: [String: Int] = [:]
    _ = _forEachField(of: Self.type(of: Slab<Order>.self)) { name, offset, _, _ in
      offsets[String(cString: name)] = offset
      return true
    }
    func field<T>(_ name: String, _ type: T.Type) -> T {
      guard let offset = offsets[name] else { preconditionFailure("a slab has no \(name)") }
      return (slab + offset).assumingMemoryBound(to: type).pointee
    }
    let base = field("base", UnsafeRawPointer.self)
    let free = Set(field("freeSlots", ContiguousArray<Int32>.self))
    for slot in 0..<field("used", Int32.self) where !free.contains(slot) {
      let record = base + Int(slot) * stride
      guard isCopyable else {
        walk(type, record, path + "[]")
        continue
      }
      let value = Self.load(type, record)
      // An account without an entry is not state: it came about when somebody looked at a market.
      if (value as? Account)?.lastEntry == 0 { continue }
      walk(value, path + "[]")
    }
  }

  // MARK: The rest: by mirrors

  private mutating func walk(_ value: Any, _ path: String) {
    if case .rebuilt = Self.parts[path] { return }
    // First: a number that may be missing is a number to the casts below.
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional { return walkChildren(mirror, value, path) }
    switch value {
    // A slot, which depends on history.
    case is Int32: return
    case let text as String: note("\"\(text)\"", path)
    case let number as any BinaryInteger: note("\(number)", path)
    case let bool as Bool: note("\(bool)", path)
    case let key as PublicKey: note("\(key.bytes)", path)
    case let address as PayoutAddress: note("\(address.bytes)", path)
    case let id as ClientOrderID: note("\(id)", path)
    case let name as PackedClientOrderID: note("\(name.unpacked)", path)
    default: walkChildren(mirror, value, path)
    }
  }

  private mutating func walkChildren(_ mirror: Mirror, _ value: Any, _ path: String) {
    switch mirror.displayStyle {
    case .optional:
      note(mirror.children.isEmpty ? "nil" : "some", path + "?")
      for child in mirror.children { walk(child.value, path) }
    case .collection, .set, .dictionary:
      note("\(mirror.children.count)", path + ".count")
      for child in mirror.children { walk(child.value, path + "[]") }
    case .enum where mirror.children.isEmpty:
      cases.insert(path)
      values[path, default: []].append("\(value)")
    default:
      if mirror.children.isEmpty { unknown.append("\(path): \(mirror.subjectType)") }
      for child in mirror.children { walk(child.value, "\(path).\(child.label ?? "")") }
    }
  }

  private mutating func note(_ text: String, _ path: String) {
    values[path, default: []].append(text)
  }
}
