import { findingKinds, findingWords, type PassProgress, type PassReport } from '@darkroom/generation-store';
import { agoOf } from './time-words.ts';

const WIDTH = 74;

const sumOf = ({ findings }: PassReport, action: 'repaired' | 'named'): number =>
  Object.values(findings).reduce((sum, counts) => sum + counts[action], 0);

const countOf = ({ open, stored }: PassReport): string => `${open} open generations, and ${stored} of the last days in S3`;

/** Formats the findings of a pass as a table, and names what a person must look at. */
export function describePass(report: PassReport): string[] {
  const rows = findingKinds.flatMap((kind) => {
    const counts = report.findings[kind];
    return counts === undefined ? [] : [row(findingWords[kind], String(counts.repaired), String(counts.named))];
  });
  const seconds = ((report.endedAt - report.startedAt) / 1000).toFixed(1);
  return [
    ...(rows.length === 0 ? ['nothing was wrong'] : [row('found', 'repaired', 'named'), ...rows]),
    ...describeNamed(report),
    `looked at ${countOf(report)}, in ${seconds} s`,
  ];
}

const row = (what: string, repaired: string, named: string): string => `${what.padEnd(WIDTH)}${repaired.padStart(9)}${named.padStart(7)}`;

function describeNamed(report: PassReport): string[] {
  if (report.named.length === 0) return [];
  return [
    '',
    'for a person to look at (docs/operations/reconcile.md says what each means and what to do):',
    ...report.named.map(({ kind, generationId, index, n, detail }) =>
      [`  ${kind}`, generationId, index === undefined ? undefined : `image ${index}${n === undefined ? '' : `, submission ${n}`}`, detail]
        .filter((part) => part !== undefined)
        .join('  '),
    ),
    '',
  ];
}

/** Describes the last pass in one line. @param now Milliseconds since 1970. */
export function describeLastPass(report: PassReport | undefined, now: number): string {
  if (report === undefined) return 'repair    no worker has compared jobs, entries, money and S3 yet';
  const [repaired, named] = [sumOf(report, 'repaired'), sumOf(report, 'named')];
  const found = repaired + named === 0 ? 'nothing was wrong' : `${repaired} repaired, ${named} left for a person`;
  const kinds = [...new Set(report.named.map(({ kind }) => kind))];
  return [
    `repair    jobs, entries, money and S3 were compared ${agoOf(report.endedAt, now)}: ${found}`,
    kinds.length === 0 ? '' : ` (${kinds.join(', ')}); npm run reconcile says more`,
    report.outcome === 'whole' ? '' : '; that pass was stopped early',
    report.next?.open === undefined && report.next?.stored === undefined ? '' : '; its time was up, and the next pass continues there',
  ].join('');
}

/** Describes the progress of the current pass in one line. @param now Milliseconds since 1970. */
export const describeProgress = ({ startedAt, open, stored }: PassProgress, now: number): string =>
  `          a pass began ${agoOf(startedAt, now)}, and has looked at ${open} open generations and ${stored} in S3 so far`;
