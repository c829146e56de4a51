import { expect, test } from 'vitest';
import { orientationOf, withExif, withoutPlace } from './exif.ts';

const ascii = (s: string) => [...s].map((c) => c.charCodeAt(0));

/** An EXIF segment in either byte order: make, orientation 6, a place (latitude as three fractions), as cameras write them. */
function exif(little: boolean): number[] {
  const tiff: number[] = [];
  const u16 = (n: number) => (little ? [n & 255, n >> 8] : [n >> 8, n & 255]);
  const u32 = (n: number) => (little ? [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24] : [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
  const entry = (tag: number, type: number, count: number, value: number[]) => [...u16(tag), ...u16(type), ...u32(count), ...value];
  tiff.push(...ascii(little ? 'II' : 'MM'), ...u16(42), ...u32(8));
  // The first directory: 3 entries, 42 bytes from 8, so the values begin at 50.
  tiff.push(...u16(3), ...entry(0x010f, 2, 6, u32(50)), ...entry(0x0112, 3, 1, [...u16(6), 0, 0]), ...entry(0x8825, 4, 1, u32(56)), ...u32(0));
  tiff.push(...ascii('Canon\0'));
  // The place's: 2 entries, 30 bytes from 56, so the fractions are at 86.
  tiff.push(...u16(2), ...entry(1, 2, 2, [...ascii('N\0'), 0, 0]), ...entry(2, 5, 3, u32(86)), ...u32(0));
  for (const n of [52, 31, 77]) tiff.push(...u32(n), ...u32(1));
  return [...ascii('Exif\0\0'), ...tiff];
}
const segment = (marker: number, body: number[]) => [0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body];
const jfif = segment(0xe0, [...ascii('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]);
const data = [...segment(0xda, [1, 1, 0, 0, 63, 0]), 1, 2, 3, 0xff, 0xd9];
const xmp = (words: string) => segment(0xe1, [...ascii('http://ns.adobe.com/xap/1.0/\0'), ...ascii(words)]);
const jpeg = (...parts: number[][]) => Uint8Array.from([0xff, 0xd8, ...parts.flat(), ...data]);
const holds = (b: Uint8Array, part: number[]) => Buffer.from(b).includes(Buffer.from(part));

test.each([true, false])('the place is taken out of a photo, and nothing else (little-endian: %s)', (little) => {
  const photo = jpeg(jfif, segment(0xe1, exif(little)), xmp('<x exif:GPSLatitude="52,31.77N"/>'));
  const fraction = little ? [52, 0, 0, 0, 1, 0, 0, 0] : [0, 0, 0, 52, 0, 0, 0, 1];
  expect(holds(photo, fraction)).toBe(true);
  const out = withoutPlace(photo);
  expect(out).toHaveLength(photo.length);
  expect(holds(out, fraction)).toBe(false);
  expect(holds(out, ascii('GPSLatitude'))).toBe(false);
  expect(holds(out, ascii('52,31'))).toBe(false);
  expect(orientationOf(out)).toBe(6);
  expect(holds(out, ascii('Canon'))).toBe(true);
  expect([...out.slice(-data.length)]).toEqual(data);
  expect(holds(photo, fraction)).toBe(true); // the camera's bytes are not touched
});

test('a photo that was drawn anew keeps the camera and stands upright', () => {
  const camera = jpeg(segment(0xe1, exif(true)));
  expect(orientationOf(camera)).toBe(6);
  const out = withExif(jpeg(jfif), camera);
  expect(orientationOf(out)).toBe(1);
  expect(holds(out, ascii('Canon'))).toBe(true);
  expect([...out.slice(0, 2 + jfif.length)]).toEqual([0xff, 0xd8, ...jfif]); // JFIF stays first
  expect(out).toHaveLength(jpeg(jfif).length + segment(0xe1, exif(true)).length);
  expect(orientationOf(withExif(jpeg(jfif), withoutPlace(camera)))).toBe(1);
});

test('XMP that speaks of no place stays, and what is no JPEG or ends early is left as it is', () => {
  const plain = jpeg(xmp('<x dc:title="Boiler"/>'));
  expect(withoutPlace(plain)).toEqual(plain);
  expect(orientationOf(jpeg())).toBe(1);
  const whole = jpeg(segment(0xe1, exif(false)));
  for (let n = 0; n < whole.length; n++) {
    const cut = whole.slice(0, n);
    expect(withoutPlace(cut)).toHaveLength(n);
    expect(orientationOf(cut)).toBeGreaterThanOrEqual(1);
    expect(withExif(jpeg(jfif), cut).length).toBeGreaterThanOrEqual(jpeg(jfif).length);
  }
  for (let at = 2; at < whole.length - data.length; at++) { // whatever a camera writes: it is read without a crash, and no length changes
    const odd = whole.slice();
    odd[at] = 0xff;
    expect(withoutPlace(odd)).toHaveLength(whole.length);
    orientationOf(odd);
  }
});
