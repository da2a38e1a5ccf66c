// What is known of each position of the dial: of those that were tested, of weaker ones, of open ones.
const NEAR = 1e-9;
const same = (one, other) => Math.abs(one - other) < NEAR;

/**
 * Positions 0 to n_positions by their place in the array, then those that can't be applied.
 *
 * ``proof`` is "certified" (tested itself), "weaker" (than one that was) or "open" (tested, not
 * certified). All were seen on the same customers, with the limit of what one list may lose.
 */
export function spotsOf(dial) {
  const { frontier, strengths } = dial;
  if (!frontier) return [];
  const spot = (seen, position, proof) => ({
    position,
    proof,
    loss: seen.loss ?? 0,
    low: seen.loss_low ?? 0,
    high: seen.loss_high ?? 0,
    tail: seen.tail_share,
    coverage: seen.coverage,
    value: seen.captured_value,
  });
  const find = (rows, strength) => rows.find((row) => same(row.strength, strength));
  const held = strengths.map((strength, n) => {
    const tested = find(frontier.positions, strength);
    const weaker = find(frontier.weaker, strength);
    return tested ? spot(tested, n + 1, "certified") : weaker ? spot(weaker, n + 1, "weaker") : null;
  });
  const last = strengths.at(-1) ?? 0;
  const open = frontier.positions.filter((row) => row.strength > last + NEAR);
  // Settings beyond which no list changes any more are one point.
  const further = open.filter((row, n) => !n || row.tail_share !== open[n - 1].tail_share || row.loss !== open[n - 1].loss);
  return [spot(frontier.undialled, 0, "certified"), ...held, ...further.map((row) => spot(row, null, "open"))];
}
