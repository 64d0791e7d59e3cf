import { isIPv4 } from 'node:net';

/** Form of a bucket name, to follow "must be" (Amazon S3 User Guide, "General purpose bucket naming rules"). */
export const BUCKET_RULE = 'the name of a bucket: 3 to 63 lower-case letters, digits, "-" and "."';

/** Describes the problem of a bucket name, such as "has a slash in it", without repeating the name. @returns undefined for a valid name */
export function findBucketProblem(name: string): string | undefined {
  if (/^arn:/i.test(name)) return 'is an ARN';
  if (name.includes('://')) return 'is an address';
  if (/[/\\]/.test(name)) return 'has a slash in it; Darkroom chooses the folders';
  if (/[\s\p{Cc}]/u.test(name)) return 'has a blank or line break in it';
  if (/\p{Lu}/u.test(name)) return 'has upper-case letters';
  if (name.includes('_')) return 'has "_" in it';
  if (!/^[a-z\d.-]*$/.test(name)) return 'has a character in it that no bucket name has';
  if (name.length < 3 || name.length > 63) return `has ${name.length} characters`;
  if (!/^[a-z\d].*[a-z\d]$/.test(name)) return 'begins or ends with "-" or "."';
  if (/\.\.|\.-|-\./.test(name)) return 'has a "." next to another or next to "-"';
  return isIPv4(name) ? 'is an IP address' : undefined;
}

/** Form of a region, to follow "must be". Servers other than AWS use their own names. */
export const REGION_RULE = 'a region such as us-east-1, of letters, digits and "-"';

/** Describes the problem of a region, which becomes a part of host names and signatures. @returns undefined for a valid region */
export function findRegionProblem(region: string): string | undefined {
  if (/[\s\p{Cc}]/u.test(region)) return 'has a blank or line break in it';
  if (region.includes('://') || /[./]/.test(region)) return 'is an address';
  if (!/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(region)) return 'has a character in it that no region has, or more than 63 characters';
  return /^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/.test(region) ? 'is an availability zone: a region followed by a letter' : undefined;
}
