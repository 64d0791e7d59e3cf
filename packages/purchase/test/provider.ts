import { startEmulator } from '@darkroom/testing';

/** One line of the emulator's bill, as the emulator writes it. */
export interface BillLine {
  kind: 'submission' | 'acceptance' | 'refusal' | 'execution' | 'failure' | 'upload';
  taskUUID: string;
  /** SHA-256 of an upload. */
  sha256?: string;
  costUsd?: string;
  images?: { sha256: string }[];
}

/** The emulator of the provider as a process, which knows only what comes over HTTP. */
export interface Provider {
  /** Host and port. */
  readonly host: string;
  readonly apiKey: string;
  /** Sets switches; unnamed ones go back to the quick defaults. */
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  bill(): Promise<BillLine[]>;
  stop(): Promise<void>;
}

const quick = { executionMs: [10, 30], uploadDelayMs: [10, 20], webhookFirstRetryMs: 10, webhookMaxRetryMs: 50 };

/**
 * Starts an emulator, which must have been built.
 * @param directory Holds its bill.
 */
export async function startProvider(directory: string): Promise<Provider> {
  const apiKey = 'test-key';
  const { url, setFaults, kill } = await startEmulator(directory, { apiKey, faults: quick });
  return {
    host: new URL(url).host,
    apiKey,
    setFaults,
    async bill() {
      const response = await fetch(`${url}/_emulator/bill`, { headers: { connection: 'close' } });
      return ((await response.json()) as { lines: BillLine[] }).lines; // written by the emulator
    },
    stop: kill,
  };
}
