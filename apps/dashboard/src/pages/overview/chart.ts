import type { MinuteCounts } from '@darkroom/generation-store';
import { html, type Html } from '../parts/html.ts';

const WIDTH = 720;
const HEIGHT = 140;
const FOOT = 2;

export interface Bar {
  /** Begin of the stretch, in milliseconds since 1970. */
  readonly at: number;
  readonly recorded: number;
  readonly failed: number;
}

/** Sums up the images that failed. One that its caller cancelled is no failure. */
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.entries(counts).reduce((total, [code, each]) => total + (code === 'generation.cancelled' ? 0 : each), 0);

/** Sums minutes up to bars of the same length, those without an event included. @param to The last bar holds it. */
export function buildBars(minutes: readonly MinuteCounts[], from: number, to: number, lengthMs: number): Bar[] {
  const first = Math.floor(from / lengthMs);
  const bars = Array.from({ length: Math.floor(to / lengthMs) - first + 1 }, (_, place) => ({
    at: (first + place) * lengthMs,
    recorded: 0,
    failed: 0,
  }));
  for (const { at, recorded, failed } of minutes) {
    const bar = bars[Math.floor(at / lengthMs) - first];
    if (bar === undefined) continue;
    bar.recorded += recorded;
    bar.failed += sum(failed);
  }
  return bars;
}

/** Draws images that came home, and above them those that failed. Widths and heights are attributes: the policy of the page allows no styles. */
export function drawChart(bars: readonly Bar[], title: string): Html {
  const most = Math.max(...bars.map(({ recorded, failed }) => recorded + failed));
  const width = WIDTH / bars.length;
  const heightOf = (value: number): number => (value / Math.max(1, most)) * (HEIGHT - FOOT);
  const hour = (at: number): string => new Date(at).toISOString().slice(11, 16);
  const [begin, end] = [bars[0], bars.at(-1)];
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${title}>
      ${bars.map(({ recorded, failed }, place) => {
        const [good, bad] = [heightOf(recorded), heightOf(failed)];
        const x = place * width;
        const base = HEIGHT - FOOT;
        return html`<rect class="good" x=${x} y=${base - good} width=${width * 0.8} height=${good} /><rect
            class="bad"
            x=${x}
            y=${base - good - bad}
            width=${width * 0.8}
            height=${bad}
          />`;
      })}
      <line class="line" x1="0" x2=${WIDTH} y1=${HEIGHT - FOOT} y2=${HEIGHT - FOOT} />
    </svg>
    <p class="scale soft" aria-hidden="true">
      <span>${begin && hour(begin.at)}</span><span>${most === 0 ? 'no image ended' : `the highest bar: ${most}`}</span
      ><span>${end && hour(end.at)}</span>
    </p>`;
}

/** Draws settled and held money as parts of a cap. */
export function drawPart(settled: number, held: number, cap: number): Html {
  const part = (value: number): number => Math.min(100, (100 * value) / cap);
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="ground" width="100" height="10" />
    <rect class="settled" width=${part(settled)} height="10" />
    <rect class="held" x=${part(settled)} width=${Math.min(part(held), 100 - part(settled))} height="10" />
  </svg>`;
}
