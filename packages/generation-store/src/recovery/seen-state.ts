/** The latest state of a store that a process has seen. A Redis with an older state has lost everything after it. */
export interface SeenState {
  /** Takes in the state that Redis tells; `memory` is '' while it is not compared with S3, and that state is ignored. */
  note(state: StoreState): void;
  /** Arguments of a script; empty before the first state was seen. */
  asArguments(): Record<(typeof seenArguments)[number], string>;
}

/** Names of the arguments with which a process tells a script the latest state that it has seen. */
export const seenArguments = ['seenEpoch', 'seenMemory', 'seenAt'] as const;

export interface StoreState {
  epoch: string;
  /** Name of a stretch in which Redis has forgotten nothing. It ends with a number that rises with each comparison. */
  memory: string;
  /** Redis time of its checkpoint, in milliseconds since 1970. */
  at: string;
}

export function createSeenState(): SeenState {
  let latest: StoreState = { epoch: '', memory: '', at: '' };
  return {
    note(state) {
      if (state.memory === '' || state.at === '') return;
      // Replies may overtake each other.
      const isLate = state.epoch === latest.epoch && state.memory === latest.memory && Number(state.at) < Number(latest.at);
      if (!isLate) latest = state;
    },
    asArguments: () => ({ seenEpoch: latest.epoch, seenMemory: latest.memory, seenAt: latest.at }),
  };
}
