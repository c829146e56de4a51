import { WebSocket as NodeWebSocket } from 'ws';
import { A } from '../src/automerge.ts';
import { Replica } from '../src/replica/replica.ts';
import { same } from '../src/replica/changes.ts';
import type { Tree } from '../src/rules/values.ts';
import { Database } from '../src/store/database.ts';
import { DocumentStorage } from '../src/store/documents.ts';
import { until } from './server.ts';
import './setup.ts';

/*
 * A client of an office that writes whatever it likes into a job, as far as the server lets it: what no app of ours makes. In a process of its own, for journeys. SERVER, JOB; it ends when the
 * server has all of it. Whose an entry is, the server sees to: here nobody signs.
 */
const server = process.env['SERVER']!;
const job = process.env['JOB']!;

const overridden = 'Hostile \u202Eexe.gpj\u2066\u200B';
const long = 'x'.repeat(100_000);
const nested = (depth: number): unknown => (depth === 0 ? 'bottom' : { in: nested(depth - 1) });
const odd = ['constructor', 'toString', 'hasOwnProperty', 'toJSON', 'then', '', '../../x', '\u0000', overridden];
const each = <T>(value: (key: string) => T): Record<string, T> => Object.fromEntries(odd.map((key) => [key, value(key)]));
const page = '<img src="http://foreign.example/x" onerror="alert(1)">';
const script = 'javascript:alert(1)';
const sum = 'ab'.repeat(32);
const scalar = (text: string) => new A.ImmutableString(text);

function spoil(d: Record<string, unknown>): void {
  Object.assign(d, {
    title: scalar(overridden + long), description: ['no', { text: 1 }], serial_no: { value: 5, val: 'x' }, type: [script], external_id: true, schema_version: 'x',
    client: { name: scalar(long), uuid: 5 }, site: page, territory: 7, template: [], skills: each(() => true), scheduled_duration: 'long', created_at: new Date(8.64e15), n: 2n ** 60n, nested: nested(50),
    address: { formatted: page, floor: {}, geolocation: { latitude: NaN, longitude: 1e300 } },
    contacts: { a: { name: overridden, type: 'email', value: script }, b: { name: page, type: 'phone', value: script }, c: { type: 'url', value: script }, d: null, ...each((name) => ({ name, value: name, type: name })) },
    possible_resolutions: { a: null, b: 'x', ...each((name) => ({ name, successful: name, note_required: 1 })) },
    custom_fields: { a: { name: 'Many', field_type: 'pick_list', options: ['a', 'a', '', 5, null], value: { value: 5 } }, ...each((field_type) => ({ name: field_type, field_type, value: field_type })) },
    report_fields: {
      a: { name: overridden, field_type: 'text', value: 5 }, b: { name: scalar(long), field_type: 'number', value: 'five' }, c: { name: {}, field_type: 'photo', value: 7 }, d: { field_type: 'date', value: '2026-99-99' }, e: { name: 'Twice', field_type: 'pick_list', options: ['a', 'a'], value: ['a'] },
      f: { name: 'Signed', field_type: 'signature' }, g: { name: 'Huge', field_type: 'number', value: 1e300 }, ...each((field_type) => ({ name: field_type, field_type, required: true })),
    },
    checklist: { a: 'look', b: { text: ['x'], done: 'yes', done_at: 'never' }, ...each((text) => ({ text, done: true, done_at: new Date(-8.64e15) })) },
    comments: { a: null, b: 5, good: { text: 'Among all this a good comment.', happened_at: new Date() }, ...each((text) => ({ text, happened_at: text })) },
    attachments: {
      a: { sha256: '../../x', name: 'x' }, b: { sha256: sum, size: -5, name: '../../etc/passwd', media_type: 'text/html' }, c: { sha256: sum, size: 'big', name: overridden.repeat(20), media_type: 'image/svg+xml', field: 'c', location: { latitude: '1', longitude: NaN } },
      d: { sha256: sum, size: 1e300, name: page, media_type: 'image/jpeg', field: 'c', preview_sha256: 7 }, ...each((name) => ({ sha256: sum, size: 1, name, media_type: name, field: name })),
    },
    ...Object.fromEntries(odd.filter((key) => key !== '').map((key) => [key, { x: key }])),
  });
  const log = d['status_log'] as Record<string, unknown>;
  const after = Object.keys(log);
  Object.assign(log, { odd: { status: 'constructor', after: [...after, 'circle'], happened_at: 'never', note: 5, resolution: { name: page } }, none: { status: 5 }, circle: { status: 'paused', after: ['circle', 'none', 'gone'] } });
}

const nothing = () => undefined;
function stop(refusal: object): never {
  console.error(refusal);
  process.exit(1);
}
const replica = await Replica.open({
  db: await Database.open('spoiler'), storage: new DocumentStorage('spoiler:documents'), tabs: [], keep: 'opened', who: { user: 'dispatcher', name: 'X', role: 'dispatcher', org: 'demo', device: 'x' },
  syncUrl: () => `${server.replace('http', 'ws')}/sync?access_token=demo-dispatcher`, webSocket: NodeWebSocket as unknown as typeof WebSocket,
  events: { connected: nothing, disconnected: nothing, changed: nothing, refused: stop, moved: nothing },
});
replica.adapter.start();
await until(() => replica.adapter.server !== undefined);
const handle = await replica.load(job);
handle.update((doc) => A.change(doc, { time: 2 ** 52 }, (d) => spoil(d as Record<string, unknown>)) as A.Doc<Tree>);
await replica.durable(job);
await until(() => same(replica.heard(job) ?? [], replica.record(job)!.heads));
console.log('spoiled');
process.exit(0);
