import { bundleApps } from './bundle-apps.ts';
import { writeBundle } from './bundles.ts';

// Bundles the programs of the checkout in which it starts.
try {
  await writeBundle(process.cwd(), bundleApps);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
