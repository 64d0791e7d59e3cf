import { launch } from '@darkroom/service-runtime/launch';

await launch(() => import('./program.ts'));
