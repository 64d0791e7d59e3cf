/** A refusal in S3's own words, which the client gets as `<Error>` (S3 API reference, "Error responses"). */
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

/** Builds the error for a feature that S3 has and this server lacks. A silent 200 would mislead a client that relies on it. */
export const notImplemented = (what: string): S3Error => new S3Error(501, 'NotImplemented', `${what} is not implemented here`);

export const invalidArgument = (message: string): S3Error => new S3Error(400, 'InvalidArgument', message);

export const notWritten = (): S3Error =>
  new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
