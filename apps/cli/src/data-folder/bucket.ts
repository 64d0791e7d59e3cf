/** The bucket of the embedded S3, and its region. */
export const BUCKET = 'darkroom';
export const REGION = 'us-east-1';
