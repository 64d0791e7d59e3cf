import type { ChaosCounts } from './chaos.ts';
import type { Fault, ScheduledFault } from './schedule.ts';

interface RunFaults {
  schedule: readonly ScheduledFault[];
  counts: Pick<ChaosCounts, 'struck'>;
  /** Number of processes with a wrong clock. */
  wrongClocks: number;
  /** Planned length of the rollbacks, if the settings name one, and age of the oldest checkpoint from which a worker compared. */
  wentBack?: { plannedMs: number; oldestCheckpointMs: number };
  /** Number of orders that a cap stopped; absent if no tenant has one. */
  capStops?: number;
}

/** Compares the planned faults with those that struck: a fault that never struck proves nothing. */
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
