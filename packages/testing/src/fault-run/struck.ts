import type { ChaosCounts } from './chaos.ts';
import type { Fault, ScheduledFault } from './schedule.ts';

interface RunFaults {
  schedule: readonly ScheduledFault[];
  counts: Pick<ChaosCounts, 'struck'>;
  /** Processes whose clock was wrong. */
  wrongClocks: number;
  /** How far Redis was to go back, where the settings say so, and how old the oldest checkpoint was from which a worker compared it with S3. */
  wentBack?: { plannedMs: number; oldestCheckpointMs: number };
  /** How many orders a cap stopped; absent where no tenant has one. */
  capStops?: number;
}

/** Compares what a run was to suffer with what it suffered: a fault that never struck was withstood by nothing. */
export function whatDidNotStrike({ schedule, counts, wrongClocks, wentBack, capStops }: RunFaults): string[] {
  const planned = new Map<Fault['kind'], number>();
  for (const { fault } of schedule) planned.set(fault.kind, (planned.get(fault.kind) ?? 0) + 1);
  const missing = [...planned].flatMap(([kind, of]) => {
    const struck = counts.struck[kind] ?? 0;
    if (struck >= of) return [];
    return [struck === 0 ? `${kind} never struck` : `${kind} struck ${struck} of ${of} times`];
  });
  return [
    ...missing,
    ...(wentBack !== undefined && wentBack.oldestCheckpointMs < wentBack.plannedMs
      ? [
          `redis never went back by ${wentBack.plannedMs} ms: the oldest checkpoint that a worker compared from was of ${wentBack.oldestCheckpointMs} ms`,
        ]
      : []),
    ...(wrongClocks === 0 ? ['a wrong clock never struck'] : []),
    ...(capStops === 0 ? ['a reached cap never struck: it stopped no order'] : []),
  ];
}
