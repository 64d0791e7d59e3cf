/** The one bucket of the embedded S3, and the region that it answers for. */
export const BUCKET = 'darkroom';
export const REGION = 'us-east-1';
