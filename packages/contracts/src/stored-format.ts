/**
 * Number of the form in which this build writes the store, kept in Redis. Raised by a change after which an earlier process would misread
 * what this one has written; it then uses the store no more. A store without a number is of format 1 (docs/operations/compatibility.md).
 */
export const STORED_FORMAT = 1;
