import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NotAllowed, NotValid } from './errors.ts';
import { english, isReasonCode, reasonIn, reasons, type ReasonCode } from './reasons.ts';

const codes = Object.keys(reasons) as ReasonCode[];
const here = new URL('.', import.meta.url);
const sources = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts') && !/\.test\.ts$|^reasons\.ts$|^rest.schema\.ts$/.test(f)).map((f) => [f, readFileSync(new URL(f, here), 'utf8')] as const);

test('an error has a code and its parameters for programs, and says the same in English', () => {
  const err = new NotValid({ code: 'photos-full', params: { field: 'Plate', most: 10 } }, 'field');
  expect(err).toMatchObject({ name: 'NotValid', code: 'photos-full', params: { field: 'Plate', most: 10 }, field: 'field', message: '“Plate” has 10 photos already.' });
  expect(new NotAllowed('onlooker')).toMatchObject({ code: 'onlooker', params: {}, message: 'Whoever looks on changes nothing.' });
  expect(english({ code: 'status-by-dispatcher', params: { status: 'en_route', to: 'scheduled' } })).toBe('It is “en route”; only a dispatcher can make it “scheduled”.');
});

test('each code is said somewhere, and none is that of another', () => {
  const all = sources.map(([, text]) => text).join('\n');
  expect(codes.filter((c) => !all.includes(`'${c}'`))).toEqual([]);
  expect(new Set(codes.map((c) => reasons[c])).size).toBe(codes.length);
});

test('no error of the SDK’s is made of a sentence', () => {
  const made = sources.flatMap(([file, text]) => [...text.matchAll(/new (?:NotAllowed|NotValid|NothingToUndo|SyncError|SignInError)\((?:because\()?(['"`][^,)]*)/g)].map((m) => `${file}: ${m[1]!}`));
  expect(made.length).toBeGreaterThan(50);
  expect(made.filter((m) => !isReasonCode(/'(.*)'/.exec(m)?.[1] ?? ''))).toEqual([]);
});

test('a sentence of the server’s is known by its words, whatever begins and ends it', () => {
  expect(reasonIn('only a dispatcher changes what is to be done')).toEqual({ code: 'task-by-dispatcher' });
  expect(reasonIn('A worker sets a job en route, started, paused or finished; the rest is a dispatcher\'s')).toEqual({ code: 'statuses-of-worker' });
  expect(reasonIn('something else')).toBeUndefined();
});
