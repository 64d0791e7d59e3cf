/** A refusal in S3's own words: what the client sees as `<Error>` (S3 API reference, "Error responses"). */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  /** Further elements of `<Error>`. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, fields: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'S3Error';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** What S3 can do and this server cannot. Never a silent 200: a client that relies on it must notice here. */
export const notImplemented = (what: string): S3Error => new S3Error(501, 'NotImplemented', `${what} is not implemented here`);

export const invalidArgument = (message: string): S3Error => new S3Error(400, 'InvalidArgument', message);
