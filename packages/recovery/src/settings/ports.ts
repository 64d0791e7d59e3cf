import type { FleetLimits, OperatorPause, SettingKind, SettingRecord, SpendCaps } from '@darkroom/contracts';

/** What the settings of the store are kept with. */
export interface KeptSettings {
  store: SettingsInRedis;
  archive: SettingsInS3;
}

/** A change that restricts, as Redis alone holds it. */
export interface MadeRestriction {
  entry: string;
  at: number;
  /** The newest revision that Redis knew then; 0 for none. */
  revision: number;
}

/** What holds now (generation-store). */
export interface SettingsInRedis {
  findCaps(): Promise<{ revision?: number; caps: SpendCaps } | undefined>;
  applyCaps(caps: { revision: number; caps: SpendCaps; carried?: readonly string[] }): Promise<boolean>;
  findCapsRestrictions(): Promise<(MadeRestriction & { lowered: Partial<SpendCaps> })[]>;
  findLimits(): Promise<{ revision?: number; limits: FleetLimits } | undefined>;
  applyLimits(limits: { revision: number; limits: FleetLimits; carried?: readonly string[] }): Promise<boolean>;
  findLimitsRestrictions(): Promise<(MadeRestriction & { lowered: FleetLimits })[]>;
  findPauses(): Promise<{ revision?: number; operator?: OperatorPause; isRecorded: boolean; seen: string }>;
  applyPauses(pauses: { revision: number; operator: OperatorPause | undefined; seen: string }): Promise<boolean>;
  readTime(): Promise<number>;
  readServerRun(): Promise<{ isOpen: boolean; isRecovering: boolean }>;
}

/** Every change that there was (object-storage). */
export interface SettingsInS3 {
  recordSetting(record: SettingRecord): Promise<boolean>;
  findNewestSetting<Kind extends SettingKind>(kind: Kind): Promise<SettingRecord<Kind> | undefined>;
}
