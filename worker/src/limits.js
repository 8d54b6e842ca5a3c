// Every limit of the edge, with its reason.

/** Bytes of one batch. A row of a Durable Object holds 2 MB; the rest is room for the columns. */
export const MAX_BATCH_BYTES = 1_900_000;

/** Records of one batch. Each costs one SHA-256 for the chain. */
export const MAX_BATCH_RECORDS = 10_000;

/** Trades or ladder rows of one record, so that a reader decodes a bounded piece at a time. */
export const MAX_CHUNK = 8_192;

/** How far `created` of a signature may be from our clock: slow networks, drifting clocks. */
export const MAX_CLOCK_SKEW_SECONDS = 60;

/** Characters of `Signature-Input`: ours has about 330. Bounds the parser's work. */
export const MAX_SIGNATURE_INPUT = 2_048;

/** Entries of one page of trades, auctions or records, and what is given when nobody says. */
export const MAX_PAGE = 1_000;
export const DEFAULT_PAGE = 100;

/** Trades and ladder rows shown with a whole auction: a few megabytes of JSON. */
export const MAX_WHOLE = 10_000;

/** Bytes of one answer of raw records: one batch always fits. */
export const MAX_RECORDS_BYTES = 2_000_000;

/**
 * What one read may load, one batch at a time: a page of things that lie far apart ends early and
 * says where to go on. An object answers one request at a time, so a long read is everybody's
 * delay.
 */
export const MAX_READ_BYTES = 8_000_000;
export const MAX_READ_BATCHES = 256;

/** Decimals of an asset: 10^38 is the largest power of ten in 128 bits. */
export const MAX_DECIMALS = 38;

/** The last microsecond of the year 9999, the last that RFC 3339 can write. */
export const MAX_TIME = 253_402_300_799_999_999n;

/** Imported public keys kept; a ring holds one or two, and three while it turns. */
export const MAX_CACHED_KEYS = 64;
