import { expect, test } from 'vitest';
import { cell, separatorOf } from './csv.ts';

test('cells are quoted where they must be, and no text is a formula', () => {
  expect(cell('a,b')).toBe('"a,b"');
  expect(cell('say "no"')).toBe('"say ""no"""');
  expect(cell('two\nlines')).toBe('"two\nlines"');
  expect(cell('=HYPERLINK("x")')).toBe(`"'=HYPERLINK(""x"")"`);
  expect(cell(' =1+1')).toBe("' =1+1");
  expect(cell('\n=1+1')).toBe(`"\n'=1+1"`);
  expect(cell('＝1+1')).toBe("'＝1+1");
  expect(cell('a=1')).toBe('a=1');
  expect(cell('+41 44')).toBe("'+41 44");
  expect(cell('Zürich, 東京, القاهرة')).toBe('"Zürich, 東京, القاهرة"');
  expect(cell(-5)).toBe('-5');
  expect(cell(undefined)).toBe('');
});

test('no part of a text is a formula where a spreadsheet divides lines by another separator than ours', () => {
  expect(cell('pump;=1+1')).toBe(`"pump;'=1+1"`);
  expect(cell('pump; "@SUM(A1)')).toBe(`"pump;' ""@SUM(A1)"`);
  expect(cell('pump\t-1')).toBe(`"pump\t'-1"`);
  expect(cell('pump\r\n+1')).toBe(`"pump\r\n'+1"`);
  expect(cell('defect, -2 bar')).toBe('"defect, -2 bar"');
  expect(cell('a;b')).toBe('"a;b"');
});

test('cells are divided as spreadsheets of the place expect it', () => {
  expect(separatorOf('en-GB')).toBe(',');
  expect(separatorOf('de-DE')).toBe(';');
  expect(separatorOf('fr-FR')).toBe(';');
});
