import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import { FieldClient } from '../src/client/client.ts';
import { NotAllowed, NotValid } from '../src/errors.ts';
import { data } from '../src/rest/client.ts';
import { Server, until } from './server.ts';
import { wasm } from './setup.ts';

let server: Server;
let office: FieldClient;
let anna: FieldClient;
const client = (token: string, replica: 'all' | 'opened') => new FieldClient({ serverUrl: server.url, token, storage: `plan-${token}`, wasm: wasm(), replica }, { webSocket: NodeWebSocket as unknown as typeof WebSocket });
beforeAll(async () => {
  server = await Server.start();
  office = client('demo-dispatcher', 'opened');
  anna = client('demo-worker-anna', 'all');
  await until(() => office.ready.get() && anna.ready.get());
});
afterAll(async () => {
  await Promise.all([office.close(), anna.close()]);
  await server.end();
});

type Form = Record<string, unknown>;
const read = async (id: string) => (await data(office.api.GET('/api/v1/jobs/{id}', { params: { path: { id } } }))) as unknown as Form;
const make = async (body: Form) => ((await data(office.api.POST('/api/v1/jobs', { body: body as never }))) as { id: string }).id;

/** What a job says, without what every job has of its own. */
function said({ id: _i, uuid: _u, url: _l, heads: _h, version: _v, created_at: _c, updated_at: _d, created_by: _b, status_log: log, next_statuses: _n, timestamps: _t, ...rest }: Form): Form {
  return { ...rest, status_log: (log as { status: string; by: string }[]).map(({ status, by }) => ({ status, by })) };
}

const plan = {
  title: 'Boiler', description: 'No hot water.', status: 'published', assignees: [{ user: 'anna', edit: true }], scheduled_at: '2026-11-24T09:30:00.000Z', scheduled_duration: { minutes: 90 }, type: 'repair',
  address: { formatted: 'Main Street 1', floor: '3', geolocation: { latitude: 52.5, longitude: 13.4 } }, skills: ['gas', 'water'], client: { uuid: 'c-1', name: 'Miller' }, external_ids: { erp: '17' },
  contacts: [{ uuid: 'k1', name: 'Mrs Miller', type: 'phone', value: '+49 30 1' }, { uuid: 'k2', name: 'Janitor', type: 'phone', value: '+49 30 2' }],
  possible_resolutions: [{ uuid: 'done', name: 'Done', successful: true }, { uuid: 'no', name: 'Nobody there', successful: false, note_required: true }],
  report_fields: [{ uuid: 'pressure', name: 'Pressure', field_type: 'number', required: true }, { uuid: 'notes', name: 'Notes', field_type: 'text' }, { uuid: 'kind', name: 'Kind', field_type: 'pick_list', options: ['gas', 'oil'] }],
  custom_fields: [{ uuid: 'contract', name: 'Contract', field_type: 'text', value: 'K-1' }, { uuid: 'floor', name: 'Floors', field_type: 'number', value: 3 }],
  checklist: [{ uuid: 'gas', text: 'Gas turned off' }, { uuid: 'water', text: 'Water turned off' }],
};

const patches: Record<string, Form> = {
  'lines and texts': { title: 'Boiler, second floor', description: 'No hot water since Monday.', type: null, external_id: 'E-1' },
  'times': { scheduled_at: '2026-11-25T07:00:00.000Z', scheduled_duration: { minutes: 45 } },
  'a time taken away': { scheduled_at: null, scheduled_duration: null },
  'an address in part': { address: { floor: null, entrance_no: '2', geolocation: { latitude: 48.1, longitude: 11.6 } } },
  'no address': { address: null },
  'references': { client: { uuid: 'c-2', name: 'Smith' }, site: { name: 'Plant 4' }, territory: 'North' },
  'names': { skills: ['water', 'steam'], external_ids: { erp: null, crm: '9' } },
  'people': { assignees: [{ user: 'ben', edit: true }, { user: 'anna', edit: false }] },
  'one more': { assignees: { ben: { edit: false } } },
  'a list in its place': { contacts: [{ uuid: 'k2', name: 'Janitor', type: 'phone', value: '+49 30 3' }, { uuid: 'k3', name: 'Guard', type: 'email', value: 'guard@example.org' }] },
  'a list by its entries': { checklist: { gas: { text: 'Gas is off' }, valve: { text: 'Valve closed' }, water: null } },
  'fields': { custom_fields: { contract: { value: 'K-2' }, floor: { value: null } }, report_fields: { kind: { options: ['gas', 'oil', 'wood'] }, pressure: { required: false, name: 'Pressure (bar)' } } },
  'a list in another order': { possible_resolutions: [{ uuid: 'no', name: 'Nobody there', successful: false, note_required: true }, { uuid: 'done', name: 'All done', successful: true }] },
};

test.each(Object.entries(patches))('a plan that is changed on the device is the plan that the server makes: %s', async (_, patch) => {
  const [mine, theirs] = [await make(plan), await make(plan)];
  const job = office.open(mine);
  await job.ready();
  await job.patch(patch);
  const heads = job.heads();
  await job.patch(patch); // what is there already is no change
  expect(job.heads()).toEqual(heads);
  await data(office.api.PATCH('/api/v1/jobs/{id}', { params: { path: { id: theirs } }, body: patch as never }));
  await until(async () => ((await read(mine))['heads'] as string[]).join() === heads.join());
  expect(said(await read(mine))).toEqual(said(await read(theirs)));
  job.close();
});

test('a patch of what is read-only, unknown or not of its kind is refused with the place', async () => {
  const job = office.open(await make(plan));
  await job.ready();
  for (const [patch, field] of [[{ status: 'finished' }, 'status'], [{ colour: 'red' }, 'colour'], [{ scheduled_at: 'soon' }, 'scheduled_at'], [{ scheduled_duration: { minutes: 1.5 } }, 'scheduled_duration.minutes'],
    [{ assignees: [{ user: 'anna', edit: true }, { user: 'ben', edit: true }] }, 'assignees'], [{ contacts: [{ uuid: 'k1', fax: '1' }] }, 'contacts.k1.fax'], [{ title: 'two\nlines' }, 'title']] as const) {
    await expect(job.patch(patch), field).rejects.toMatchObject({ field });
    await expect(job.patch(patch)).rejects.toThrow(NotValid);
  }
  job.close();
});

test('a job that a device makes of a template is the job that the server makes of it', async () => {
  const { status: _s, assignees: _a, scheduled_at: _t, client: _c, external_ids: _e, ...form } = plan;
  const made = (await data(office.api.POST('/api/v1/templates', { body: { ...form, name: 'Boilers', worker_create: true } as never }))) as { id: string };
  const closed = (await data(office.api.POST('/api/v1/templates', { body: { title: 'Office', name: 'Office only' } as never }))) as { id: string };
  const over = { title: 'Boiler of Smith', scheduled_at: '2026-12-01T08:00:00.000Z' };
  const theirs = await make({ ...over, template: made.id, status: 'published', assignees: [{ user: 'anna', edit: true }] });
  const mine = await office.create({ ...over, assignees: [{ user: 'anna', edit: true }] }, { template: made.id });
  await until(async () => (await office.api.GET('/api/v1/jobs/{id}', { params: { path: { id: mine } } })).response.ok);
  expect(said(await read(mine))).toEqual(said(await read(theirs)));

  // A worker makes one for himself, of a template that is meant for it alone.
  await until(() => [made.id, closed.id].every((id) => anna.templates.get().some((t) => t.id === id)));
  await expect(anna.create({}, { template: closed.id })).rejects.toThrow(NotAllowed);
  await expect(anna.create({ title: 'Mine' })).rejects.toThrow(NotAllowed);
  const own = await anna.create(over, { template: made.id });
  await until(async () => (await office.api.GET('/api/v1/jobs/{id}', { params: { path: { id: own } } })).response.ok);
  const { status_log: mineLog, ...ofAnna } = said(await read(own));
  const { status_log: _log, ...ofOffice } = said(await read(theirs));
  expect(ofAnna).toEqual(ofOffice);
  expect(mineLog).toEqual([{ status: 'published', by: 'anna' }]);
});
