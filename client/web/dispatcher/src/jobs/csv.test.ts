import { expect, test } from 'vitest';
import { cell } from './csv.ts';

test('cells are quoted where they must be, and no text is a formula', () => {
  expect(cell('a,b')).toBe('"a,b"');
  expect(cell('say "no"')).toBe('"say ""no"""');
  expect(cell('two\nlines')).toBe('"two\nlines"');
  expect(cell('=HYPERLINK("x")')).toBe(`"'=HYPERLINK(""x"")"`);
  expect(cell(' =1+1')).toBe("' =1+1");
  expect(cell('\n=1+1')).toBe(`"'\n=1+1"`);
  expect(cell('＝1+1')).toBe("'＝1+1");
  expect(cell('a=1')).toBe('a=1');
  expect(cell('+41 44')).toBe("'+41 44");
  expect(cell(-5)).toBe('-5');
  expect(cell(undefined)).toBe('');
});
