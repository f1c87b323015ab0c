// The loss curve as SVG: every step, its running mean, and the validation loss after each epoch; in self-critical training
// the rewards.
import type { EpochMetrics, StepMetrics } from './metrics.ts';

const width = 720;
const height = 400;
const margin = { left: 56, right: 16, top: 32, bottom: 44 };

/** Round numbers for about `count` ticks from 0 (or `low`) to `high`. */
function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw)!;
  const out: number[] = [];
  for (let t = Math.ceil(low / step) * step; t <= high + step * 1e-9; t += step)
    out.push(Number(t.toPrecision(6)));
  return out;
}

export function lossCurveSvg(steps: readonly StepMetrics[], epochs: readonly EpochMetrics[]): string {
  const isReward = steps.some(({ reward }) => reward !== undefined);
  const values = steps.map(({ step, loss, reward = 0 }) => [step, isReward ? reward : loss] as const);
  const after = epochs.map(
    ({ step, valLoss, valReward = 0 }) => [step, isReward ? valReward : valLoss] as const,
  );
  const losses = [...values, ...after].map(([, value]) => value).filter(Number.isFinite);
  const high = losses.reduce((a, b) => Math.max(a, b), 1e-3) * 1.05;
  const last = Math.max(1, steps.at(-1)?.step ?? 1);
  const x = (step: number): string =>
    (margin.left + ((width - margin.left - margin.right) * step) / last).toFixed(1);
  const y = (loss: number): string =>
    (height - margin.bottom - ((height - margin.top - margin.bottom) * loss) / high).toFixed(1);
  const path = (points: readonly (readonly [number, number])[]): string =>
    points.map(([s, l]) => `${x(s)},${y(l)}`).join(' ');
  let mean = Number.NaN;
  const smooth = values.map(([step, loss]) => {
    mean = Number.isNaN(mean) ? loss : 0.95 * mean + 0.05 * loss;
    return [step, mean] as const;
  });
  const grid = ticks(0, high, 5).map(
    (t) =>
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(t)}" y2="${y(t)}" stroke="#ddd"/>` +
      `<text x="${margin.left - 8}" y="${Number(y(t)) + 4}" text-anchor="end">${t}</text>`,
  );
  const bottom = ticks(0, last, 6).map(
    (t) => `<text x="${x(t)}" y="${height - margin.bottom + 18}" text-anchor="middle">${t}</text>`,
  );
  const dots = after.map(
    ([step, value]) => `<circle cx="${x(step)}" cy="${y(value)}" r="4" fill="#c2410c"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#333">
<rect width="${width}" height="${height}" fill="#fff"/>
${grid.join('\n')}
${bottom.join('\n')}
<text x="${(width + margin.left) / 2}" y="${height - 8}" text-anchor="middle">step</text>
<text x="${margin.left}" y="20">${isReward ? 'CIDEr-D of drawn captions' : 'cross-entropy per token'}: <tspan fill="#2563eb">training</tspan> (running mean), <tspan fill="#c2410c">validation ●</tspan></text>
<polyline points="${path(values)}" fill="none" stroke="#93c5fd"/>
<polyline points="${path(smooth)}" fill="none" stroke="#2563eb" stroke-width="2"/>
<polyline points="${path(after)}" fill="none" stroke="#c2410c"/>
${dots.join('\n')}
</svg>
`;
}
