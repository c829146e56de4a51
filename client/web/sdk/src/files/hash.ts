import { sha256 } from '@noble/hashes/sha2.js';
import { hex } from '../net/catchup.ts';

/** SHA-256 of a file in lower-case hexadecimal, without holding it whole. */
export async function hashOf(file: Blob): Promise<string> {
  const hash = sha256.create();
  const piece = 4 << 20;
  for (let at = 0; at < file.size; at += piece) hash.update(new Uint8Array(await file.slice(at, at + piece).arrayBuffer()));
  return hex(hash.digest());
}
