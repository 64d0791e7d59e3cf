/** File formats of an image (model page, "outputFormat"). */
export const outputFormats = ['JPG', 'PNG', 'WEBP'] as const;
export type OutputFormat = (typeof outputFormats)[number];

const media = {
  JPG: { contentType: 'image/jpeg', extension: 'jpg' },
  PNG: { contentType: 'image/png', extension: 'png' },
  WEBP: { contentType: 'image/webp', extension: 'webp' },
} as const satisfies Record<OutputFormat, { contentType: string; extension: string }>;

export type ImageContentType = (typeof media)[OutputFormat]['contentType'];
export type ImageExtension = (typeof media)[OutputFormat]['extension'];

/** Returns the content type under which an image of this format is kept and served. */
export const contentTypeOf = (format: OutputFormat): ImageContentType => media[format].contentType;

/** Returns the file extension of an image of this format, without a dot. */
export const extensionOf = (format: OutputFormat): ImageExtension => media[format].extension;
