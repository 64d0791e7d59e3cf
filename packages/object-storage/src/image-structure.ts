import { crc32 } from 'node:zlib';
import type { OutputFormat } from '@darkroom/contracts';

/**
 * Cheap checks that a file is complete, without decoding a pixel: a truncated upload has a valid header. Bytes after the end of an image
 * are allowed, as every decoder ignores them. None of these throws, whatever the bytes.
 */
export interface ImageStructure {
  /** Returns true if the file begins like this format. */
  startsLike(bytes: Buffer): boolean;
  /** Returns true if the file reaches its own end. */
  isComplete(bytes: Buffer): boolean;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export const imageStructures: Readonly<Record<OutputFormat, ImageStructure>> = {
  JPG: { startsLike: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff, isComplete: isCompleteJpeg },
  PNG: { startsLike: (bytes) => bytes.subarray(0, 8).equals(PNG_SIGNATURE), isComplete: isCompletePng },
  WEBP: {
    startsLike: (bytes) => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
    // The size of the file less its first eight bytes (RFC 9649, section 2.4).
    isComplete: (bytes) => bytes.length >= 12 && bytes.readUInt32LE(4) + 8 <= bytes.length,
  },
};

/**
 * Walks the markers to the end of the image (ITU-T T.81, B.1.1). A search for the end marker is not enough: a thumbnail inside the header
 * has one too, and so may bytes after the image.
 */
function isCompleteJpeg(bytes: Buffer): boolean {
  let hasScan = false;
  let offset = 2;
  for (;;) {
    // Fill bytes may stand between segments; inside a scan everything but markers is skipped here.
    offset = bytes.indexOf(0xff, offset);
    const marker = offset === -1 ? undefined : bytes[offset + 1];
    if (marker === undefined) return false;
    if (marker === 0xff) {
      offset += 1;
    } else if (marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      // A stuffed byte of a scan, or a marker without a segment.
      offset += 2;
    } else if (marker === 0xd9) {
      return hasScan;
    } else {
      if (offset + 4 > bytes.length) return false;
      hasScan ||= marker === 0xda;
      offset += 2 + bytes.readUInt16BE(offset + 2);
    }
  }
}

/** Walks the chunks to IEND; the critical chunks must carry the right checksum (PNG, 5.3 and 5.4). */
function isCompletePng(bytes: Buffer): boolean {
  let hasPixels = false;
  let offset = PNG_SIGNATURE.length;
  for (;;) {
    if (offset + 12 > bytes.length) return false;
    const end = offset + 12 + bytes.readUInt32BE(offset);
    if (end > bytes.length) return false;
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    const isCritical = /^[A-Z]/.test(type);
    if (isCritical && crc32(bytes.subarray(offset + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return false;
    if (type === 'IEND') return hasPixels;
    hasPixels ||= type === 'IDAT';
    offset = end;
  }
}
