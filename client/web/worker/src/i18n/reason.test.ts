import { ApiError, NotAllowed, NotValid, reasons, type ReasonCode } from '@fieldsync/sdk';
import i18next from 'i18next';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { en } from './en.ts';
import { reasonOf, reasonText } from './reason.ts';

const codes = Object.keys(reasons) as ReasonCode[];
const other = Object.fromEntries(codes.map((c) => [c, `(${reasons[c]})`]));

beforeEach(async () => {
  await i18next.init({ lng: 'xx', resources: { xx: { translation: { ...en, reason: other } } }, interpolation: { escapeValue: false }, initAsync: false });
});
afterEach(() => void i18next.removeResourceBundle('xx', 'translation'));

test('the catalogue has an entry for each code of the SDK, and that is what is shown', () => {
  expect(Object.keys(en.reason).sort()).toEqual(codes.toSorted());
  for (const code of codes) expect(reasonOf(new NotAllowed(code)), code).toMatch(/^\(.*\)$/);
});

test('parameters are in the words of the app: a status by its name there', () => {
  expect(reasonOf(new NotAllowed({ code: 'status-by-dispatcher', params: { status: 'en_route', to: 'scheduled' } }))).toBe('(It is “En route”; only a dispatcher can make it “Planned”.)');
  expect(reasonOf(new NotValid({ code: 'note-missing', params: { resolution: 'Not at home & gone' } }))).toBe('(“Not at home & gone” needs a note.)');
});

test('what the catalogue does not know is said as it came', () => {
  expect(reasonText({ code: 'forbidden' }, 'Your role may not do this.')).toBe('Your role may not do this.');
  expect(reasonText({ code: 'constructor' }, 'As the server says.')).toBe('As the server says.');
  expect(reasonText(undefined, 'Kept by an earlier version.')).toBe('Kept by an earlier version.');
  expect(reasonOf(new ApiError(409, 'conflict', 'It was changed.'))).toBe('It was changed.');
  expect(reasonOf(new ApiError(0, 'unreachable', 'Failed to fetch'))).toBe('(The server cannot be reached.)');
  expect(reasonOf(new DOMException('the browser says', 'AbortError'))).toBe('the browser says'); // its code is a number
  expect(reasonOf('a string')).toBe('a string');
});
