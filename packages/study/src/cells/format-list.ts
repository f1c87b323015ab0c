// What `pnpm study --list` prints.
import type { SurveyedCell } from './survey-cells.ts';

/** Minutes and seconds, hours when there are some: `3:05 min`, `1:02 h`. */
export function formatDuration(seconds: number): string {
  const pad = (n: number): string => String(n).padStart(2, '0');
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}:${pad(whole % 60)} min`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)} h`;
}

/** One line per cell, and the sum of what is still to do. */
export function formatList(surveyed: readonly SurveyedCell[]): string {
  const width = Math.max(4, ...surveyed.map(({ cell }) => cell.id.length));
  const lines = surveyed.map(({ cell, state, cost }) => {
    const note =
      'reason' in state ? state.reason : cost ? `${formatDuration(cost.seconds)}, ${cost.from}` : '';
    const open = state.state === 'new' ? 'to do' : state.state;
    const unknown =
      note === '' && state.state !== 'done' ? 'cost not known: the models or the data are not here' : note;
    return `${cell.id.padEnd(width)}  ${open.padEnd(11)}  ${unknown}`.trimEnd();
  });
  const open = surveyed.filter(({ state }) => state.state === 'new' || state.state === 'interrupted');
  const known = open.flatMap(({ cost }) => (cost ? [cost.seconds] : []));
  const sum = known.reduce((total, seconds) => total + seconds, 0);
  const done = surveyed.filter(({ state }) => state.state === 'done').length;
  const unknown = open.length - known.length;
  const parts = [
    ...(known.length > 0
      ? [`${known.length} to do: about ${formatDuration(sum)} (a started cell counts whole)`]
      : []),
    ...(unknown > 0 ? [`${unknown} to do of unknown cost`] : []),
  ];
  const rest = parts.join(', ') || 'nothing is to do';
  return `${lines.join('\n')}\n\n${surveyed.length} cells, ${done} done; ${rest}\n`;
}
