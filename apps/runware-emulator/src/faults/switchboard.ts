import type { TaskStore } from '../state/task-store.ts';
import { isObject } from '../validation/check-image-inference.ts';
import { parseFaults } from './parse-faults.ts';
import { changedFaults, type Faults, type FaultsInput } from './schema.ts';

/** The switches in force. */
export interface Switchboard {
  current(): Faults;
  /**
   * Sets switches. Those not named go back to the values of the start, so `{}` undoes everything that was set before.
   * @throws ConfigError for a switch that does not exist or a value that is not allowed.
   */
  set(changes: unknown): Faults;
}

/**
 * What was set while running outlives a kill: a fault run kills the emulator, and its faults must go on. A start with other
 * values than before is a new beginning and wins.
 */
export function buildSwitchboard(startedWith: FaultsInput, store: Pick<TaskStore, 'lastSwitches' | 'recordSwitches'>): Switchboard {
  const initial = parseFaults(startedWith);
  const initialText = JSON.stringify(changedFaults(initial));
  const last = store.lastSwitches();
  const goesOn = last?.startedWith === initialText;
  let faults = goesOn ? parseFaults(last.faults) : initial;
  if (last !== undefined && !goesOn) store.recordSwitches({ startedWith: initialText, faults: changedFaults(initial) });
  return {
    current: () => faults,
    set: (changes) => {
      const wanted = parseFaults(isObject(changes) ? { ...changedFaults(initial), ...changes } : changes);
      store.recordSwitches({ startedWith: initialText, faults: changedFaults(wanted) });
      faults = wanted;
      return wanted;
    },
  };
}
