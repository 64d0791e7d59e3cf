import type { Timing } from '@darkroom/contracts';
import type { Waits } from '@darkroom/queues';
import type { Access, Provider, PurchaseArchive, PurchaseStore, PurchaseSurroundings } from './ports.ts';

export interface PurchaseSettings {
  timing: Timing;
  /** Most submissions per image, the first included. */
  maxSubmissions: number;
  /** False if the provider cannot reach S3. Images are then fetched from `imageURL`. */
  askForUpload: boolean;
}

/** Settings and ports of a purchase. */
export interface Purchase {
  store: PurchaseStore;
  archive: PurchaseArchive;
  provider: Provider;
  access: Access;
  waits: Waits;
  around: PurchaseSurroundings;
  settings: PurchaseSettings;
}
