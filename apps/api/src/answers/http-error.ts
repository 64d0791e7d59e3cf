import { DarkroomError } from '@darkroom/contracts';
import { ApiError } from './api-error.ts';

/** Turns an error of the HTTP server into one of ours. An error that is neither stays as it is: a bug. */
export function explainHttpError(error: unknown): unknown {
  if (error instanceof DarkroomError || !(error instanceof Error)) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError('api.too-large', 'the body is too large: JSON may have 1 MiB, an image 20 MiB');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError(
        'api.unsupported-media-type',
        'the body must be JSON, with the type application/json; POST /v1/inputs takes an image, with the type image/jpeg, image/png, image/webp or application/octet-stream',
      );
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new ApiError('api.malformed', 'the body has the type application/json, and is empty');
    case 'FST_ERR_BAD_URL':
      return new ApiError('api.malformed', 'the address cannot be decoded');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ApiError('api.malformed', 'a part of the address is longer than any id');
    default:
      if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return error;
      // The words of a parser may repeat the body, and with it a prompt.
      return new ApiError(
        'api.malformed',
        error instanceof SyntaxError || String(code).startsWith('FST_ERR_CTP_')
          ? 'the request cannot be read: its body must be whole, well-formed JSON, without a field named "__proto__" or "constructor"'
          : 'the request cannot be read',
      );
  }
}
