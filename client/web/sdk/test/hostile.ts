import { A } from '../src/automerge.ts';
import type { Tree } from '../src/rules/values.ts';

/* Documents as a broken or hostile client writes them: whatever the server's admission lets through (docs/JOB.md says what is meant). */

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = <T>(of: readonly T[], next: () => number): T => of[Math.floor(next() * of.length)]!;

const overridden = '\u202Egpj.exe\u202C\u200B\u2066';

/** Names of what every object has, and what is hard to show. The server refuses the key `__proto__`, as every core does. */
const keys = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON', 'then', '', ' ', '../../x', 'a.b', 'a/b', '\u0000', overridden, '\uD83D\uDC68\u200D\uD83D\uDC69', 'x'.repeat(200), '0', 'length', 'val', 'value'];

const nested = (depth: number): unknown => (depth === 0 ? 'bottom' : depth % 2 ? { in: nested(depth - 1) } : [nested(depth - 1)]);

/** One value that belongs nowhere. */
const values: readonly ((next: () => number) => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => NaN,
  () => -Infinity,
  () => '',
  () => new A.ImmutableString('x'.repeat(100_000)),
  () => overridden,
  () => new A.ImmutableString('javascript:alert(1)'),
  () => 'data:text/html,<script>alert(1)</script>',
  () => '<img src=x onerror=alert(1)>',
  () => '2026-99-99',
  () => '+275760-09-13T00:00:00.000Z',
  () => 'constructor',
  () => new Date(8.64e15),
  () => new Date(-8.64e15),
  () => new Date(0),
  () => new A.Counter(3),
  () => new A.Counter(-(2 ** 53)),
  () => new Uint8Array([0, 255]),
  () => [],
  () => [null, 'a', 1, { uuid: 'x' }, ['b']],
  () => ({}),
  () => ({ val: 'not a string', value: 5 }),
  () => ({ val: { val: 'x' }, value: { value: 1 } }),
  () => ({ uuid: [], name: {} }),
  () => ({ latitude: NaN, longitude: 1e300 }),
  () => ({ latitude: new A.Counter(1), longitude: '7' }),
  () => nested(60),
  (next) => ({ [pick(keys, next)]: { status: 'finished', text: 'x', name: 'x', by: 'x' } }),
  (next) => Object.fromEntries(keys.map((k) => [k, next() < 0.5 ? null : { name: k, text: k }])),
];

/** A job with one of everything. What is named `good` is left alone by hostile. */
export function good(): Record<string, unknown> {
  const sha256 = 'ab'.repeat(32);
  const at = new Date(Date.UTC(2026, 10, 24, 9));
  const field = (field_type: string, value?: unknown) => ({ name: `A ${field_type}`, field_type, required: true, position: 1, options: ['a', 'b'], ...(value === undefined ? {} : { value }) });
  return {
    kind: 'job', schema_version: 1, uuid: 'u', serial_no: 'S-1', external_id: 'x', external_ids: { crm: '7' }, title: 'Boiler', type: 'Service', description: 'It is cold.',
    client: { uuid: 'c', name: 'Client' }, site: { uuid: 's', name: 'Site' }, territory: { name: 'North' }, template: { uuid: 't', name: 'Template' }, skills: { gas: true },
    address: { formatted: 'Main St 1', floor: 2, geolocation: { latitude: 48.1, longitude: 16.3 } },
    contacts: { good: { name: 'Mia', type: 'phone', value: '+43 1 23', position: 1 }, k: { name: 'Max', type: 'email', value: 'max@example.org' } },
    scheduled_at: at, created_at: at, scheduled_duration: { minutes: 60 }, assignees: { anna: { edit: true } },
    possible_resolutions: { good: { name: 'Done', successful: true, position: 1 }, r: { name: 'No', note_required: true } },
    custom_fields: { c1: field('text', 'x') },
    report_fields: { good: field('number', 5), f1: field('text', 'x'), f2: field('number', 1), f3: field('yes_no', true), f4: field('date', '2026-11-24'), f5: field('pick_list', 'a'), f6: field('photo'), f7: field('signature'), f8: field('action', true) },
    checklist: { good: { text: 'Look', done: true, position: 1 }, i: { text: 'Listen', done: false, done_at: at, by: 'anna' } },
    comments: { good: { text: 'Hello', by: 'dora', happened_at: at }, m: { text: 'Ho', by: 'anna', happened_at: at } },
    attachments: { good: { sha256, size: 5, media_type: 'image/jpeg', name: 'a.jpg', field: 'f6', taken_at: at, by: 'anna' }, a: { sha256, size: 5, media_type: 'text/html', name: 'b.html' } },
    status_log: { good: { status: 'published', happened_at: at, after: [], by: 'dora', device: 'd' }, e: { status: 'started', happened_at: at, after: ['good'], by: 'anna', device: 'p' } },
  };
}

const untouched = new Set(['kind', 'good']);

/** Puts what belongs nowhere into some places of a document, within A.change. What is named `good`, and the maps on the way to it, stay. */
export function spoil(doc: Record<string, unknown>, next: () => number): void {
  for (let n = 1 + Math.floor(next() * 6); n > 0; n--) {
    let at = doc;
    for (;;) {
      const key = next() < 0.1 ? pick(keys, next) : pick(Object.keys(at), next);
      if (key === undefined || untouched.has(key)) break;
      const below = at[key];
      const holds = typeof below === 'object' && below !== null && Object.getPrototypeOf(below) === Object.prototype;
      if (holds && Object.keys(below).length > 0 && ('good' in below || next() < 0.6)) {
        at = below as Record<string, unknown>;
        continue;
      }
      if (next() < 0.15) delete at[key];
      else at[key] = pick(values, next)(next);
      break;
    }
  }
}

/** A document that three clients wrote into at once, some of it at odds. */
export function hostile(seed: number): { readonly doc: A.Doc<Tree>; readonly before: readonly string[] } {
  const next = random(seed);
  let doc = A.from(good(), { actor: '01'.repeat(16) }) as A.Doc<Record<string, unknown>>;
  const before = A.getHeads(doc);
  const others = ['02', '03'].map((actor) => A.clone(doc, { actor: actor.repeat(16) }));
  const time = pick([1_764_000_000, 0, -1, 2 ** 52, -(2 ** 52)], next); // seconds
  for (const other of others) doc = A.merge(doc, A.change(other, { time, message: pick([overridden, 'undo x', ''], next) }, (d) => spoil(d, next)));
  doc = A.change(doc, { time }, (d) => spoil(d, next));
  return { doc, before };
}

/** Where a value is what neither JSON nor a page can take: [path, what]. Empty: it is plain. */
export function strange(v: unknown, path = ''): [string, string][] {
  if (v === null || typeof v === 'string' || typeof v === 'boolean') return [];
  if (typeof v === 'number') return Number.isFinite(v) ? [] : [[path, String(v)]];
  if (Array.isArray(v)) return v.flatMap((x, i) => strange(x, `${path}/${i}`));
  if (typeof v === 'object' && (Object.getPrototypeOf(v) === Object.prototype || Object.getPrototypeOf(v) === null)) return Object.entries(v).flatMap(([k, x]) => strange(x, `${path}/${k}`));
  return [[path, typeof v === 'object' ? ((v as object).constructor?.name ?? 'object') : typeof v]];
}
