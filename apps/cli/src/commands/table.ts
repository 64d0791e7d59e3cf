import { billCommand } from './bill.ts';
import { cancelCommand, eraseCommand, exportCommand, retryCommand } from './bulk.ts';
import type { CommandEntry } from './command.ts';
import { generateCommand, listCommand, quoteCommand, showCommand, watchCommand } from './images.ts';
import { keysCommand } from './keys.ts';
import { devCommand, probeCommand, startCommand } from './machine.ts';
import {
  capsCommand,
  doctorCommand,
  limitsCommand,
  pauseCommand,
  rebuildCommand,
  reconcileCommand,
  resumeCommand,
  spendCommand,
  statusCommand,
  unknownCommand,
  upgradeCommand,
} from './operate.ts';
import { completionCommand } from './shell.ts';
import { releaseCommand, tenantCommand, withheldCommand } from './tenants.ts';
import { notificationsCommand, webhooksCommand } from './webhooks.ts';

/** All commands. A new one is an entry here: parser, help, docs/command-line.md and completion follow from it. */
export const commands: readonly CommandEntry[] = [
  generateCommand,
  quoteCommand,
  showCommand,
  listCommand,
  watchCommand,
  cancelCommand,
  retryCommand,
  eraseCommand,
  webhooksCommand,
  notificationsCommand,
  spendCommand,
  statusCommand,
  doctorCommand,
  capsCommand,
  limitsCommand,
  upgradeCommand,
  tenantCommand,
  releaseCommand,
  withheldCommand,
  keysCommand,
  pauseCommand,
  resumeCommand,
  unknownCommand,
  reconcileCommand,
  rebuildCommand,
  billCommand,
  exportCommand,
  probeCommand,
  startCommand,
  devCommand,
  completionCommand,
];
