import { expect, test } from 'vitest';
import { optimistic } from './optimistic.ts';

test('a patch is seen before its answer: entries by their uuid, null takes away, what is not named stays', () => {
  const before = { title: 'a', type: 't', address: { floor: '1', formatted: 'x' }, fields: [{ uuid: 'f', name: 'n', required: false }, { uuid: 'g', name: 'm', required: false }] };
  const after = optimistic(before, { type: null, address: { floor: '2' }, fields: { f: { required: true }, g: null } });
  expect(after).toEqual({ title: 'a', address: { floor: '2', formatted: 'x' }, fields: [{ uuid: 'f', name: 'n', required: true }] });
  expect(before.fields).toHaveLength(2); // the one before is as it was
});
