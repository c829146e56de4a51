import { beforeAll, expect, test } from 'vitest';
import i18next from 'i18next';
import type { Job } from '@fieldsync/sdk';
import { en } from '../i18n/en.ts';
import { placeName, unsentText, valueAt, valueText, whose, workText } from './words.ts';

beforeAll(() => i18next.init({ lng: 'en', resources: { en: { translation: en } }, interpolation: { escapeValue: false } }));
const t = i18next.t;

const job = {
  report_fields: [{ uuid: 'f1', name: 'Pressure', value: 1.5 }],
  custom_fields: [],
  checklist: [{ uuid: 'i1', text: 'Gas off', done: true }],
  attachments: [{ uuid: 'a1', media_type: 'image/jpeg' }],
  assignees: [{ user: 'anna', edit: true }],
} as unknown as Job;

test('a place is called what people called it', () => {
  expect(placeName(job, ['report_fields', 'f1', 'value'], t)).toBe('Pressure');
  expect(placeName(job, ['checklist', 'i1', 'done'], t)).toBe('Gas off');
  expect(placeName(job, ['attachments', 'a1'], t)).toBe('Photo');
  expect(placeName(job, ['report_fields', 'gone', 'value'], t)).toBe('Report');
  expect(placeName(job, ['something_new'], t)).toBe('Something');
});

test('a value is found by the ids in its path', () => {
  expect(valueAt(job, ['report_fields', 'f1', 'value'])).toBe(1.5);
  expect(valueAt(job, ['assignees', 'anna', 'edit'])).toBe(true);
  expect(valueAt(job, ['report_fields', 'gone', 'value'])).toBeUndefined();
});

test('a value is said as people say it', () => {
  expect(valueText(true, t)).toBe('Yes');
  expect(valueText({ name: 'Hotel', uuid: 'c1' }, t)).toBe('Hotel');
  expect(valueText({ minutes: 90 }, t)).toBe('90 min');
  expect(valueText({ status: 'en_route', uuid: 'e' }, t)).toBe('En route');
  expect(valueText(null, t)).toBe('');
  expect(valueText('2026-11-25', t)).toContain('2026');
});

test('refused work is said in the words of the job, without what no person has put there', () => {
  const said = (path: string[], what: string, value?: unknown) => workText({ path, what, ...(value === undefined ? {} : { value }) }, t, (id) => (id === 'anna' ? 'Anna Worker' : undefined));
  expect(said(['title'], 'title', 'Boiler')).toBe('Title: Boiler');
  expect(said(['scheduled_duration'], 'scheduled_duration', { minutes: 90 })).toBe('Duration: 90 min');
  expect(said(['report_fields', 'f1', 'value'], 'Pressure', 1.5)).toBe('Pressure: 1.5');
  expect(said(['checklist', 'i1'], 'Gas off', { text: 'Gas off', done: false })).toBe('Checklist: Gas off');
  expect(said(['assignees', 'anna'], 'assignees', { edit: true })).toBe('Who does it: Anna Worker');
  expect(said(['status_log', 'e1'], 'en_route', { status: 'en_route' })).toBe('Status: En route');
  expect(said(['attachments', 'a1'], 'attachments')).toBe('File');
  for (const root of ['kind', 'schema_version', 'created_at', 'created_by']) expect(said([root], root, 1)).toBeUndefined();
});

test('what is unsent is said in words, not in the keys of the document', () => {
  expect(unsentText({ kind: 'status', label: 'en_route' }, t)).toBe('En route');
  expect(unsentText({ kind: 'text', label: 'description' }, t)).toBe('Description');
  expect(unsentText({ kind: 'plan', label: 'scheduled_at' }, t)).toBe('Time');
  expect(unsentText({ kind: 'plan', label: 'report_fields' }, t)).toBe('Report');
  expect(unsentText({ kind: 'plan', label: 'Which valve?' }, t)).toBe('Which valve?');
  expect(unsentText({ kind: 'comment', label: 'description' }, t)).toBe('description'); // somebody's own words
  expect(unsentText({ kind: 'tick', label: '' }, t)).toBe('Checklist');
});

test('what nobody signed is the office’s; somebody whose name is not known here is somebody', () => {
  const names = (id: string) => (id === 'anna' ? 'Anna Worker' : undefined);
  expect([whose('anna', t, names), whose('carl', t, names), whose(undefined, t, names), whose('', t, names)]).toEqual(['Anna Worker', 'Somebody', 'The office', 'The office']);
});
