/**
 * Newest form of the store that this build reads and can write. Raised by a change after which an earlier process would misread what is
 * written. The number that Redis and bucket keep says which form processes write now: it is raised by an operator, once no earlier process
 * runs (`darkroom upgrade --finish`). A store without a number is of format 1 (docs/operations/compatibility.md).
 */
export const STORED_FORMAT = 1;
