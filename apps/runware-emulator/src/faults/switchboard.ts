import type { TaskStore } from '../state/task-store.ts';
import { isObject } from '../validation/check-image-inference.ts';
import { parseFaults } from './parse-faults.ts';
import { changedFaults, type Faults, type FaultsInput } from './schema.ts';

/** The current switches. */
export interface Switchboard {
  current(): Faults;
  /**
   * Sets switches. Those not named return to their values of the start, so `{}` resets all.
   * @throws ConfigError for unknown switches and wrong values.
   */
  set(changes: unknown): Faults;
}

/**
 * Builds the switchboard. Switches set while running survive a kill: a fault run kills the emulator, and its faults must continue. A
 * start with other values than before replaces them.
 */
export function buildSwitchboard(startedWith: FaultsInput, store: Pick<TaskStore, 'lastSwitches' | 'recordSwitches'>): Switchboard {
  const initial = parseFaults(startedWith);
  const initialText = JSON.stringify(changedFaults(initial));
  const last = store.lastSwitches();
  const continues = last?.startedWith === initialText;
  let faults = continues ? parseFaults(last.faults) : initial;
  if (last !== undefined && !continues) store.recordSwitches({ startedWith: initialText, faults: changedFaults(initial) });
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
