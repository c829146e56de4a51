import { cbor, isValidDocumentId, type DocumentId, type PeerId, type PeerMetadata } from '@automerge/automerge-repo/slim';
import { hex, type CatchUpFrame, type Range } from './catchup.ts';
import type { DocMessage } from './gather.ts';

/** The server's word that a change is not taken (docs/PROTOCOL.md, Refusals). */
export interface Refusal {
  readonly documentId: string;
  readonly code: string;
  /** The change's hash, hexadecimal; absent where it cannot be told. */
  readonly change?: string;
  readonly detail?: string;
  readonly retry: boolean;
}

/** A frame of the server's, as far as it is ours to understand. */
export type Heard =
  | { readonly type: 'peer'; readonly senderId: PeerId; readonly metadata: PeerMetadata & { readonly fieldsync?: number } }
  | { readonly type: 'error' }
  | { readonly type: 'document'; readonly message: DocMessage }
  | { readonly type: 'catch-up'; readonly frame: CatchUpFrame }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  | { readonly type: 'other' };

/** What came is no frame: whoever sent it is not to be talked with. */
export class NoFrame extends Error {
  override name = 'NoFrame';
}

const mostName = 256; // characters of a peer's, a session's or a store's name
const mostDetail = 1024; // of a refusal's
const mostRanges = 1024;

type Fields = { readonly [key: string]: unknown };

/** Reads what came over the socket; whoever sent it may be anybody. Throws NoFrame. */
export function readFrame(bytes: Uint8Array): Heard {
  let decoded: unknown;
  try {
    decoded = cbor.decode(bytes);
  } catch {
    throw new NoFrame('not CBOR');
  }
  if (typeof decoded !== 'object' || decoded === null || Array.isArray(decoded)) throw new NoFrame('not a map');
  const f = decoded as Fields;
  switch (f['type']) {
    case 'peer': {
      const said = f['peerMetadata'] ?? {};
      if (typeof said !== 'object') throw new NoFrame('peerMetadata');
      const { storageId, isEphemeral, fieldsync } = said as Fields;
      return {
        type: 'peer', senderId: name(f, 'senderId') as PeerId,
        metadata: {
          ...(typeof storageId === 'string' && storageId.length <= mostName && { storageId: storageId as NonNullable<PeerMetadata['storageId']> }),
          ...(typeof isEphemeral === 'boolean' && { isEphemeral }), ...(typeof fieldsync === 'number' && { fieldsync }),
        },
      };
    }
    case 'error':
      return { type: 'error' };
    case 'sync':
    case 'request':
    case 'ephemeral':
    case 'doc-unavailable':
      return { type: 'document', message: documentMessage(f) };
    case 'fieldsync-catch-up':
      return { type: 'catch-up', frame: catchUp(f) };
    case 'fieldsync-refused': {
      const { change, detail, code } = f;
      if (typeof code !== 'string') throw new NoFrame('code');
      return {
        type: 'refused',
        refusal: {
          documentId: documentId(f), code: code.slice(0, mostName), retry: f['retry'] === true,
          ...(change instanceof Uint8Array && change.length === 32 && { change: hex(change) }), ...(typeof detail === 'string' && { detail: detail.slice(0, mostDetail) }),
        },
      };
    }
    default:
      if (typeof f['type'] !== 'string') throw new NoFrame('type');
      return { type: 'other' };
  }
}

function documentMessage(f: Fields): DocMessage {
  const { type, targetId, data } = f;
  const message = { type, senderId: name(f, 'senderId'), targetId, documentId: documentId(f) };
  if (type === 'doc-unavailable') return message as unknown as DocMessage;
  if (!(data instanceof Uint8Array) || data.length === 0) throw new NoFrame('data');
  const copied = data.slice(); // cbor gives views of the frame
  if (type !== 'ephemeral') return { ...message, data: copied } as unknown as DocMessage;
  const { count } = f;
  if (typeof count !== 'number') throw new NoFrame('count');
  return { ...message, data: copied, count, sessionId: name(f, 'sessionId') } as unknown as DocMessage;
}

function catchUp(f: Fields): CatchUpFrame {
  const { r, d, k, m, i, y } = f;
  const ranges = r ?? undefined;
  if (ranges !== undefined && (!Array.isArray(ranges) || ranges.length > mostRanges || !ranges.every(isRange))) throw new NoFrame('r');
  for (const part of [k, i, y]) if (part !== null && part !== undefined && !(part instanceof Uint8Array)) throw new NoFrame('bytes');
  if (m !== null && m !== undefined && !Number.isSafeInteger(m)) throw new NoFrame('m');
  return { r: ranges, d: d === true, k, m, i, y } as CatchUpFrame;
}

function isRange(v: unknown): v is Range {
  if (!Array.isArray(v) || v.length < 4) return false;
  const [from, to, count, digest, items] = v as unknown[];
  const edge = (x: unknown) => x instanceof Uint8Array && (x.length === 0 || x.length === 16);
  return edge(from) && edge(to) && Number.isSafeInteger(count) && digest instanceof Uint8Array && (items === null || items === undefined || items instanceof Uint8Array);
}

function name(f: Fields, key: string): string {
  const v = f[key];
  if (typeof v !== 'string' || v === '' || v.length > mostName) throw new NoFrame(key);
  return v;
}

function documentId(f: Fields): DocumentId {
  const id = f['documentId'];
  if (typeof id !== 'string' || id.length > mostName || !isValidDocumentId(id)) throw new NoFrame('documentId');
  return id;
}
