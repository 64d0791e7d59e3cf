import { ConfigError, isLoopbackHost } from '@darkroom/contracts';
import type { FastifyInstance } from 'fastify';
import { totalUsd, type Bill } from '../bill.ts';
import type { Switchboard } from '../faults/switchboard.ts';
import type { Stats } from '../stats.ts';
import type { TaskStore } from '../state/task-store.ts';

export interface ControlDependencies {
  switches: Switchboard;
  bill: Bill;
  store: TaskStore;
  stats: Stats;
}

/** Adds the emulator's own routes, for tests. They need no key, so they answer only this machine. */
export function addControlRoutes(server: FastifyInstance, { switches, bill, store, stats }: ControlDependencies): void {
  void server.register(async (control) => {
    control.addHook('onRequest', async (request, reply) => {
      if (!isLoopbackHost(request.socket.remoteAddress ?? '')) return reply.code(403).send({ message: 'only for this machine' });
    });
    control.get('/_emulator/faults', () => switches.current());
    control.put('/_emulator/faults', async (request, reply) => {
      try {
        return switches.set(request.body);
      } catch (error) {
        if (error instanceof ConfigError) return reply.code(400).send({ message: error.message, problems: error.problems });
        throw error;
      }
    });
    control.get('/_emulator/bill', () => ({ totalUsd: totalUsd(bill.lines), lines: bill.lines }));
    control.get('/_emulator/stats', () => ({
      ...stats,
      tasks: [...store.all()].length,
      running: [...store.all()].filter(({ ending }) => ending === undefined).length,
      ...countByKind(bill),
      totalUsd: totalUsd(bill.lines),
    }));
  });
}

function countByKind({ lines }: Bill): Record<'submissions' | 'acceptances' | 'refusals' | 'executions' | 'failures', number> {
  const count = (kind: string): number => lines.filter((line) => line.kind === kind).length;
  return {
    submissions: count('submission'),
    acceptances: count('acceptance'),
    refusals: count('refusal'),
    executions: count('execution'),
    failures: count('failure'),
  };
}
