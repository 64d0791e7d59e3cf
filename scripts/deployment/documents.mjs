// Reads YAML strictly: a duplicate key or an unknown tag is an error.
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/**
 * Parses every document of a text into plain values, without empty ones.
 * @param {string} text
 * @param {string} source Name of the file, for the message.
 * @returns {unknown[]}
 */
export function parseDocuments(text, source) {
  // Compose files merge maps with "<<", which YAML 1.2 no longer supports by default.
  const documents = parseAllDocuments(text, { merge: true, strict: true });
  return [...documents].flatMap((document) => {
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) throw new Error(`${source} is not valid YAML: ${error.message}`);
    /** @type {unknown} */
    const value = document.toJS();
    return value === null ? [] : [value];
  });
}

/** @param {string} file */
export const readDocuments = (file) => parseDocuments(readFileSync(file, 'utf8'), file);

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
