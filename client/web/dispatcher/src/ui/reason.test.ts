import { ApiError, NotAllowed, reasons, type ReasonCode } from '@fieldsync/sdk';
import i18next from 'i18next';
import { beforeEach, expect, test } from 'vitest';
import { en } from '../locales/en/index.ts';
import { reasonOf } from './reason.ts';

const codes = Object.keys(reasons) as ReasonCode[];

beforeEach(async () => {
  await i18next.init({ lng: 'xx', resources: { xx: { translation: { ...en, reason: Object.fromEntries(codes.map((c) => [c, `(${reasons[c]})`])) } } }, interpolation: { escapeValue: false }, initAsync: false });
});

test('the catalogue has an entry for each code of the SDK, and that is what is shown', () => {
  expect(Object.keys(en.reason).sort()).toEqual(codes.toSorted());
  for (const code of codes) expect(reasonOf(new NotAllowed(code)), code).toMatch(/^\(.*\)$/);
  expect(reasonOf(new NotAllowed({ code: 'status-already', params: { status: 'en_route' } }))).toBe('(It is “En route” already.)');
});

test('what the catalogue does not know is said as it came', () => {
  expect(reasonOf(new ApiError(409, 'conflict', 'It was changed.'))).toBe('It was changed.');
  expect(reasonOf(new ApiError(409, 'constructor', 'As the server says.'))).toBe('As the server says.');
  expect(reasonOf(new RangeError('out of range'))).toBe('out of range');
});
