// Random tapes from a seed, so that a failure can be played again.

/** Numbers below `bound`, the same for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** An order id, mostly near 2^62 as the core's permutation makes them. */
export function randomOrderID(random) {
  if (random(8) === 0) return BigInt(1 + random(1_000));
  return (BigInt(random(2 ** 30 - 1)) << 32n | BigInt(random(2 ** 32))) + 1n;
}

export function randomTrades(random, count) {
  const trades = [];
  let [buyOrder, sellOrder] = [0n, 0n];
  for (let i = 0; i < count; i++) {
    if (i === 0 || random(3) > 0) buyOrder = randomOrderID(random);
    if (i === 0 || random(3) > 0) sellOrder = randomOrderID(random);
    trades.push({ quantity: 1n + BigInt(random(2 ** 31)), buyOrder, sellOrder });
  }
  return trades;
}

export function randomLadder(random, count) {
  let price = BigInt(1 + random(1_000_000));
  return Array.from({ length: count }, () => {
    price += BigInt(1 + random(500));
    return { price, buy: BigInt(random(2 ** 31)), sell: BigInt(random(2 ** 31)) };
  });
}

/** Adds a definition and then `events` of every kind; leaves a run open now and then. */
export function addRandomRecords(model, random, events) {
  model.define();
  const adoption = random(2 * events);
  for (let i = 0; i < events; i++) {
    if (i === adoption) model.adoptCall2();
    const kind = random(10);
    if (kind === 0) model.reference(1 + random(1_000_000));
    else if (kind === 1) model.tradingState(random(2) === 1);
    else if (kind === 2) model.define({ buyFeeBasisPoints: random(100) });
    else {
      const chunk = 1 + random(6);
      const trades = kind < 5 ? [] : randomTrades(random, random(15));
      const ladder = kind < 4 ? [] : randomLadder(random, random(12));
      model.auction({ trades, ladder, chunk });
    }
  }
  if (random(2) === 0) model.openAuction({ trades: randomTrades(random, 3), chunk: 2 });
}
