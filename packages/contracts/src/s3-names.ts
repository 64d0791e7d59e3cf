import { isIPv4 } from 'node:net';

/** What a text must be to be read as the name of a bucket, to follow "must be" (Amazon S3 User Guide, "General purpose bucket naming rules"). */
export const BUCKET_RULE = 'the name of a bucket: 3 to 63 lower-case letters, digits, "-" and "."';

/** Says what is wrong with the name of a bucket: "has a slash in it". The name is not repeated. @returns undefined when nothing is wrong */
export function findBucketProblem(name: string): string | undefined {
  if (/^arn:/i.test(name)) return 'is an ARN';
  if (name.includes('://')) return 'is an address';
  if (/[/\\]/.test(name)) return 'has a slash in it; folders are chosen by Darkroom';
  if (/[\s\p{Cc}]/u.test(name)) return 'has a blank or line break in it';
  if (/\p{Lu}/u.test(name)) return 'has upper-case letters';
  if (name.includes('_')) return 'has "_" in it';
  if (!/^[a-z\d.-]*$/.test(name)) return 'has a sign in it that no bucket has';
  if (name.length < 3 || name.length > 63) return `has ${name.length} characters`;
  if (!/^[a-z\d].*[a-z\d]$/.test(name)) return 'begins or ends with "-" or "."';
  if (/\.\.|\.-|-\./.test(name)) return 'has a "." beside another or beside "-"';
  return isIPv4(name) ? 'is an IP address' : undefined;
}

/** What a text must be to be read as a region, to follow "must be". Servers that are not AWS have names of their own. */
export const REGION_RULE = 'a region such as us-east-1, of letters, digits and "-"';

/** Says what is wrong with a region: it becomes a part of host names and signatures. @returns undefined when nothing is wrong */
export function findRegionProblem(region: string): string | undefined {
  if (/[\s\p{Cc}]/u.test(region)) return 'has a blank or line break in it';
  if (region.includes('://') || /[./]/.test(region)) return 'is an address';
  if (!/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(region)) return 'has a sign in it that no region has, or more than 63';
  return /^[a-z]{2}(?:-[a-z]+)+-\d[a-z]$/.test(region) ? 'is an availability zone, which has a letter behind its region' : undefined;
}
