// What must hold from one record to the next: takes records in order and finds the breach.

/** The units of a market; they never change (docs/tape.md, kind 1). */
export function unitsOf(definition) {
  const { base, baseDecimals, quote, quoteDecimals, tick, lot } = definition;
  return { base, baseDecimals, quote, quoteDecimals, tick, lot };
}

/** Where a tape stands after a record. `start` is how the last batch left it. */
export class Continuity {
  /**
   * @param {{auction: number, trade: number, open_trades: number, open_ladder: number, definition:
   *   number}} start ids of the last auction and trade (0: none), what came since the last auction
   *   was closed, and the number of the latest definition.
   * @param {object | null} units of the market, null before its first definition.
   */
  constructor(market, start, units) {
    this.market = market;
    this.units = units;
    this.auction = start.auction;
    this.trade = start.trade;
    this.openTrades = start.open_trades;
    this.openLadder = start.open_ladder;
    this.definition = start.definition;
  }

  /** Takes the next record; answers what is wrong with it, or null. */
  take(number, head) {
    if (!this.units && head.kind !== "definition") return "a tape begins with a definition";
    switch (head.kind) {
      case "definition":
        return this.#define(number, head);
      case "trades":
        if (head.auction !== this.auction + 1) return "trades of an auction that is not next";
        if (head.firstTrade !== this.trade + 1) return "trade ids are not consecutive";
        if (this.openLadder > 0) return "trades after the ladder";
        this.trade = head.lastTrade;
        this.openTrades += head.count;
        return null;
      case "ladder":
        if (head.auction !== this.auction + 1) return "a ladder of an auction that is not next";
        if (head.firstRow !== this.openLadder) return "ladder rows are not consecutive";
        this.openLadder += head.count;
        return null;
      case "auction":
        if (head.auction !== this.auction + 1) return "auction ids are not consecutive";
        if (head.tradeCount !== this.openTrades) return "another count of trades";
        if (head.ladderRows !== this.openLadder) return "another count of ladder rows";
        this.auction = head.auction;
        this.openTrades = 0;
        this.openLadder = 0;
        return null;
      default:
        return this.#inRun ? "a record inside a run" : null;
    }
  }

  get #inRun() {
    return this.openTrades + this.openLadder > 0;
  }

  #define(number, definition) {
    if (this.#inRun) return "a record inside a run";
    if (definition.market !== this.market) return "the definition of another market";
    const units = unitsOf(definition);
    for (const name in this.units) {
      if (this.units[name] !== units[name]) return `${name} of a market never changes`;
    }
    this.units = units;
    this.definition = number;
    return null;
  }
}
