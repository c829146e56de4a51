import { stringifyAutomergeUrl, parseAutomergeUrl, type BinaryDocumentId } from '@automerge/automerge-repo/slim';
import type { DocumentId } from '../types.ts';

/** The id of 16 bytes, as it stands in URLs. */
export function bytesToId(bytes: Uint8Array): DocumentId {
  return parseAutomergeUrl(stringifyAutomergeUrl(bytes as BinaryDocumentId)).documentId;
}
