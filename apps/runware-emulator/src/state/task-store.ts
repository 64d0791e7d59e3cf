import type { Clock } from '../clock.ts';
import { changedFaults, type Faults } from '../faults/schema.ts';
import { openJsonLines } from '../json-lines.ts';
import type { RawTask } from '../validation/check-image-inference.ts';
import { entrySchema, type Entry, type Outcome } from './entry.ts';
import { taskOf, type Task } from './task.ts';

/** Switches that were set while running. */
export interface Switches {
  /** The values of the start, as text. */
  startedWith: string;
  faults: Readonly<Record<string, unknown>>;
}

/**
 * State of the emulator, in memory and in its state file. Each change is in the file before it is in memory, and both happen in one
 * tick: a request finds what a restart would find.
 */
export interface TaskStore {
  /** Returns the newest run of a taskUUID. */
  find(taskUUID: string): Task | undefined;
  /** Returns all tasks that ended with images, in the order of their ends. */
  succeeded(): readonly Task[];
  findByImage(imageUUID: string): { task: Task; index: number } | undefined;
  /** Returns the newest runs of all ids, in the order of their acceptance. */
  all(): Iterable<Task>;
  accept(raw: RawTask, taskUUID: string, faults: Faults): Task;
  end(task: Task, outcome: Outcome): void;
  /** Records a delivery. @param delivery Names one webhook or upload of the task. */
  recordDelivered(task: Task, delivery: string): void;
  isDelivered(task: Task, delivery: string): boolean;
  /** Uses up an id without a task. */
  burn(taskUUID: string): void;
  isBurnt(taskUUID: string): boolean;
  recordSwitches(switches: Switches): void;
  lastSwitches(): Switches | undefined;
  close(): void;
}

/** Opens the state file and loads it. */
export function openTaskStore(file: string, clock: Clock): TaskStore {
  const journal = openJsonLines(file, entrySchema);
  const runs = new Map<string, Task>();
  const newest = new Map<string, Task>();
  const images = new Map<string, { task: Task; index: number }>();
  const succeeded: Task[] = [];
  const delivered = new Set<string>();
  const burnt = new Set<string>();
  let switches: Switches | undefined;

  const apply = (entry: Entry): void => {
    switch (entry.kind) {
      case 'accepted': {
        const task = taskOf(entry);
        runs.set(keyOf(entry), task);
        newest.set(entry.taskUUID, task);
        return;
      }
      case 'ended': {
        const task = mustGet(runs, keyOf(entry));
        task.ending = { at: entry.at, outcome: entry.outcome };
        if (entry.outcome.status === 'success') {
          succeeded.push(task);
          entry.outcome.images.forEach(({ imageUUID }, index) => images.set(imageUUID, { task, index }));
        }
        return;
      }
      case 'delivered':
        delivered.add(`${keyOf(entry)}/${entry.delivery}`);
        return;
      case 'burnt':
        burnt.add(entry.taskUUID);
        return;
      case 'switched':
        switches = entry;
        return;
    }
  };
  const record = (entry: Entry): void => {
    journal.append(entry);
    apply(entry);
  };
  journal.before.forEach(apply);

  return {
    find: (taskUUID) => newest.get(taskUUID),
    succeeded: () => succeeded,
    findByImage: (imageUUID) => images.get(imageUUID),
    all: () => newest.values(),
    accept: (raw, taskUUID, faults) => {
      const run = (newest.get(taskUUID)?.run ?? 0) + 1;
      record({ kind: 'accepted', at: clock.now(), taskUUID, run, request: raw, faults: changedFaults(faults) });
      return mustGet(newest, taskUUID);
    },
    end: ({ taskUUID, run }, outcome) => record({ kind: 'ended', at: clock.now(), taskUUID, run, outcome }),
    recordDelivered: ({ taskUUID, run }, delivery) => record({ kind: 'delivered', at: clock.now(), taskUUID, run, delivery }),
    isDelivered: (task, delivery) => delivered.has(`${keyOf(task)}/${delivery}`),
    burn: (taskUUID) => record({ kind: 'burnt', at: clock.now(), taskUUID }),
    isBurnt: (taskUUID) => burnt.has(taskUUID),
    recordSwitches: (changed) =>
      record({ kind: 'switched', at: clock.now(), startedWith: changed.startedWith, faults: { ...changed.faults } }),
    lastSwitches: () => switches,
    close: journal.close,
  };
}

const keyOf = ({ taskUUID, run }: { taskUUID: string; run: number }): string => `${taskUUID}/${run}`;

function mustGet(tasks: ReadonlyMap<string, Task>, key: string): Task {
  const task = tasks.get(key);
  if (task === undefined) throw new Error(`the state file names task "${key}" before it was accepted`);
  return task;
}
