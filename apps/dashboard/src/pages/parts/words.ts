import type { GenerationStatus, ImageStatus } from '@darkroom/contracts';
import { html, type Html } from './html.ts';

/** Shows a time in UTC, to the second. */
export const moment = (at: number): Html => {
  const iso = new Date(at).toISOString();
  return html`<time datetime=${iso}>${iso.slice(0, 10)} ${iso.slice(11, 19)}</time>`;
};

const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

/** Formats a duration: "850 ms", "12.3 s", "4 min", "3 h". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const [size, unit] = units.find(([each]) => ms >= 2 * each) ?? [];
  return size === undefined || unit === undefined ? `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s` : `${Math.floor(ms / size)} ${unit}`;
}

/** Formats a number with commas between thousands. */
export const count = (value: number): string => value.toLocaleString('en-US');

const tones: Readonly<Record<GenerationStatus | ImageStatus, 'good' | 'bad' | 'wait' | 'info' | ''>> = {
  queued: 'wait',
  running: 'info',
  open: 'info',
  succeeded: 'good',
  partial: 'bad',
  failed: 'bad',
  lost: 'bad',
  unknown: 'bad',
  cancelled: '',
  expired: 'bad',
};

/** Shows a status, by its word and a colour. */
export const badge = (status: GenerationStatus | ImageStatus): Html => html`<span class="badge ${tones[status]}">${status}</span>`;

/** Shows a place where something would be. */
export const nothing = (words: string): Html => html`<p class="soft">${words}</p>`;
