/** EXIF of a JPEG in its own bytes: no library, as only three things are needed: the orientation, the place, and the segment as a whole. */

interface Exif {
  /** Of the APP1 segment, marker and length included. */
  readonly start: number;
  readonly end: number;
}

const orientationTag = 0x0112;
const gpsTag = 0x8825;

export const isJpeg = (b: Uint8Array): boolean => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff;

/** Walks the segments before the picture's data; visit says true to stop. */
function segments(b: Uint8Array, visit: (marker: number, start: number, end: number) => boolean | void): void {
  if (!isJpeg(b)) return;
  let at = 2;
  while (at + 4 <= b.length && b[at] === 0xff) {
    const marker = b[at + 1]!;
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const end = at + 2 + (b[at + 2]! << 8) + b[at + 3]!;
    if (end > b.length || end < at + 4) return;
    if (visit(marker, at, end)) return;
    at = end;
  }
}

const begins = (b: Uint8Array, at: number, words: string) => [...words].every((c, i) => b[at + i] === c.charCodeAt(0));

function find(b: Uint8Array): Exif | undefined {
  let found: Exif | undefined;
  segments(b, (marker, start, end) => {
    if (marker === 0xe1 && begins(b, start + 4, 'Exif\0\0')) found = { start, end };
    return found !== undefined;
  });
  return found;
}

/** Visits the entries of the first directory. Offsets are those in b. */
function entries(b: Uint8Array, exif: Exif, visit: (tag: number, at: number, view: DataView, tiff: number, little: boolean) => void): void {
  const tiff = exif.start + 10;
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  if (tiff + 8 > exif.end) return;
  const little = b[tiff] === 0x49;
  const dir = tiff + view.getUint32(tiff + 4, little);
  if (dir + 2 > exif.end) return;
  const count = view.getUint16(dir, little);
  for (let i = 0; i < count && dir + 14 + i * 12 <= exif.end; i++) visit(view.getUint16(dir + 2 + i * 12, little), dir + 2 + i * 12, view, tiff, little);
}

/** 1 to 8; 1 where nothing says so. */
export function orientationOf(b: Uint8Array): number {
  const exif = find(b);
  let out = 1;
  if (exif) entries(b, exif, (tag, at, view, _, little) => tag === orientationTag && (out = view.getUint16(at + 8, little)));
  return out >= 1 && out <= 8 ? out : 1;
}

/** The bytes with the place taken out, nothing else altered: the directory of the GPS is blanked, and XMP that speaks of one. No length changes. */
export function withoutPlace(original: Uint8Array): Uint8Array<ArrayBuffer> {
  const b = new Uint8Array(original);
  const exif = find(b);
  if (exif) {
    entries(b, exif, (tag, at, view, tiff, little) => {
      if (tag !== gpsTag) return;
      const dir = tiff + view.getUint32(at + 8, little);
      if (dir + 2 <= exif.end) {
        const count = view.getUint16(dir, little);
        for (let i = 0; i < count && dir + 14 + i * 12 <= exif.end; i++) {
          const e = dir + 2 + i * 12;
          const size = (sizes[view.getUint16(e + 2, little)] ?? 1) * view.getUint32(e + 4, little);
          if (size > 4) {
            const value = tiff + view.getUint32(e + 8, little);
            if (value < exif.end) b.fill(0, value, Math.min(exif.end, value + size));
          }
          b.fill(0, e, e + 12);
        }
        view.setUint16(dir, 0, little);
      }
      // The entry stays, so that the directory is in order: it leads to a directory without entries.
    });
  }
  segments(b, (marker, start, end) => {
    if (marker === 0xe1 && begins(b, start + 4, 'http://ns.adobe.com/xap/1.0/') && /GPS(Lat|Long)|geo:(lat|long)/i.test(new TextDecoder('latin1').decode(b.subarray(start, end)))) b.fill(0x20, start + 33, end);
  });
  return b;
}

const sizes: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8 };

/** Puts a camera's EXIF into a picture that was drawn anew, upright: so the time, the camera and, unless taken out, the place stay. */
export function withExif(drawn: Uint8Array, camera: Uint8Array): Uint8Array<ArrayBuffer> {
  const exif = find(camera);
  if (!exif || !isJpeg(drawn)) return new Uint8Array(drawn);
  const segment = new Uint8Array(camera.slice(exif.start, exif.end));
  entries(segment, { start: 0, end: segment.length }, (tag, at, view, _, little) => tag === orientationTag && view.setUint16(at + 8, 1, little));
  let after = 2;
  segments(drawn, (marker, _, end) => {
    if (marker !== 0xe0) return true;
    after = end; // behind JFIF's own
    return false;
  });
  const out = new Uint8Array(drawn.length + segment.length);
  out.set(drawn.subarray(0, after));
  out.set(segment, after);
  out.set(drawn.subarray(after), after + segment.length);
  return out;
}
