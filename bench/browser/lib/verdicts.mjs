// What was measured, against what is wanted.

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Median, least and most; `undefined` of nothing. */
export const spread = (numbers) => (numbers.length ? { median: median(numbers), least: Math.min(...numbers), most: Math.max(...numbers) } : undefined);

/** Microseconds of the main thread for a span, round by round; what the load costs without telemetry is taken off. */
export const cpuPerSpan = ({ results }, name) =>
  (results.steady[name] ?? []).map(({ cpuMs, expected }, round) => (1000 * (cpuMs - results.steady.empty[round].cpuMs)) / expected);

export const bytesPerSpan = ({ results }, name) => (results.steady[name] ?? []).filter(({ spans }) => spans).map(({ bytes, spans }) => bytes / spans);

export const lost = ({ results }, name, kind = 'steady') => {
  const runs = results[kind][name] ?? [];
  const sum = (what) => runs.reduce((total, run) => total + run[what], 0);
  return { spans: sum('spans'), expected: sum('expected') };
};

/** The longest task that a burst causes: what the same loop takes without telemetry is taken off. */
export const longestTask = ({ results }, name) => (results.burst[name] ?? []).map(({ longestMs }, round) => Math.max(0, longestMs - results.burst.empty[round].longestMs));

export const heldMegabytes = ({ results }, name) => (results.burst[name] ?? []).map(({ heldBytes }) => heldBytes / 1e6);

export const verdicts = (report) => {
  const { weights, results } = report;
  const all = [];
  const say = (what, unit, limit, numbers, digits = 2) => {
    const found = spread(numbers.filter((number) => Number.isFinite(number)));
    if (found) all.push({ what, unit, limit, digits, ...found, holds: found.median <= limit });
  };
  const ratio = (one, other) => one.map((number, round) => number / other[round]);
  const everything = weights['ours: everything, most of it later'];
  say('Everything: JavaScript and WebAssembly, brotli', 'B', 30_000, [everything.total], 0);
  say('Everything: before the first paint, brotli', 'B', 6_000, [everything.first], 0);
  say('Traces, B3 and Socket.IO, brotli', 'B', 14_000, [weights['ours: traces + B3 + Socket.IO'].total], 0);
  // What is not delivered costs nothing, and proves nothing.
  for (const kind of ['steady', 'burst']) {
    const { spans, expected } = lost(report, 'aether', kind);
    if (spans < expected) throw new Error(`${expected - spans} of ${expected} spans of ours did not arrive (${kind}): nothing can be said`);
  }
  const cpu = cpuPerSpan(report, 'aether');
  say('Main thread for a span, ours : OpenTelemetry JS protobuf', '×', 1 / 6, ratio(cpu, cpuPerSpan(report, 'otel-proto')), 3);
  say('Main thread for a span, ours : OpenTelemetry JS JSON', '×', 1 / 10, ratio(cpu, cpuPerSpan(report, 'otel-json')), 3);
  say('Bytes on the wire for a span, ours : OpenTelemetry JS JSON', '×', 1 / 10, ratio(bytesPerSpan(report, 'aether'), bytesPerSpan(report, 'otel-json')), 3);
  say('10 000 spans at once: longest task caused by ours', 'ms', 50, longestTask(report, 'aether'), 1);
  say('10 000 spans at once: still held after the flush, ours', 'MB', 1, heldMegabytes(report, 'aether'));
  const cpu4 = (name, when) => (results.startUp[name] ?? []).map((run) => run[when].cpuMs);
  /** What a client adds to the import of any module, round by round. */
  const added = (name, when) => cpu4(name, when).map((ms, round) => ms - results.startUp['startup-empty'][round][when].cpuMs);
  const started = (of, when) => ratio(of('startup-aether', when), of('startup-otel', when));
  say('Main thread from import to recording, 4× slower, ours : OpenTelemetry JS', '×', 1 / 2, started(added, 'recording'));
  say('the same with what importing any module takes', '×', 1 / 2, started(cpu4, 'recording'));
  say('Main thread from import to the first export, 4× slower, ours : OpenTelemetry JS', '×', 1 / 2, started(added, 'exported'));
  return all;
};
