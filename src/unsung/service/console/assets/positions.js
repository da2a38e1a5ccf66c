// What is known of each position of the dial: of those that were tested, of weaker ones, of open ones.
const NEAR = 1e-9;
const same = (one, other) => Math.abs(one - other) < NEAR;

/** Rows of the fit's frontier: the undialled lists, and a method at a strength, on customers that chose. */
export function chosenOn({ frontier, strengths }, position) {
  const rows = frontier?.frontier ?? [];
  const base = rows.find((row) => row.method === "undialled");
  const row = position ? rows.find((one) => one.method === frontier.method && same(one.strength, strengths[position - 1])) : base;
  return { row, base };
}

/**
 * Positions 0 to n_positions by their place in the array, then those that can't be applied.
 *
 * ``proof`` is "certified" (tested itself), "weaker" (than one that was: seen on the customers that
 * chose, moved by what the two groups differ in undialled) or "open" (tested, not certified).
 */
export function spotsOf(dial) {
  const { frontier, strengths } = dial;
  if (!frontier) return [];
  const zero = { position: 0, proof: "certified", loss: 0, low: 0, high: 0, tail: frontier.undialled_tail };
  const tested = (spot, position, proof) => ({ position, proof, loss: spot.loss, low: spot.loss_low, high: spot.loss_high, tail: spot.tail_share });
  const held = strengths.map((strength, n) => {
    const spot = frontier.positions.find((one) => same(one.strength, strength));
    if (spot) return tested(spot, n + 1, "certified");
    const { row, base } = chosenOn(dial, n + 1);
    return row && base ? { position: n + 1, proof: "weaker", loss: row.loss, low: row.low, high: row.high, tail: zero.tail + row.aplt_tail - base.aplt_tail } : null;
  });
  const last = strengths.at(-1) ?? 0;
  const open = frontier.positions.filter((spot) => spot.strength > last + NEAR);
  // Settings beyond which no list changes any more are one point.
  const further = open.filter((spot, n) => !n || spot.tail_share !== open[n - 1].tail_share || spot.loss !== open[n - 1].loss);
  return [zero, ...held, ...further.map((spot) => tested(spot, null, "open"))];
}
