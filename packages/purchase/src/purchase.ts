import type { Timing } from '@darkroom/contracts';
import type { Waits } from '@darkroom/queues';
import type { Access, Provider, PurchaseArchive, PurchaseStore, PurchaseSurroundings } from './ports.ts';

export interface PurchaseSettings {
  timing: Timing;
  /** Submissions per image at the most, the first included. */
  maxSubmissions: number;
  /** False when S3 cannot be reached by the provider: images are then fetched from `imageURL`. */
  askForUpload: boolean;
}

/** Everything a purchase is made with. */
export interface Purchase {
  store: PurchaseStore;
  archive: PurchaseArchive;
  provider: Provider;
  access: Access;
  waits: Waits;
  around: PurchaseSurroundings;
  settings: PurchaseSettings;
}
