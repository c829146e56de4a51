import { deflateSync } from 'node:zlib';
import type { Plugin } from 'vite';

// Draws the app's icons when it is built: a tick in a ring of two arrows, "done" and "in step". Shapes are distances, so that any size is sharp.

type RGBA = readonly [number, number, number, number];
const teal: RGBA = [11, 101, 99, 255];
const white: RGBA = [255, 255, 255, 255];
const clear: RGBA = [255, 255, 255, 0];

/** Distance of a point from the line between two others. */
function segment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const t = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)));
  return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay));
}

/** Distance outside of a square with round corners around the middle of the unit square. */
function square(x: number, y: number, half: number, radius: number): number {
  const dx = Math.max(0, Math.abs(x - 0.5) - half + radius);
  const dy = Math.max(0, Math.abs(y - 0.5) - half + radius);
  return Math.hypot(dx, dy) - radius;
}

/** Whether a point, in units around the middle, is in the drawing. */
function drawn(x: number, y: number): boolean {
  if (Math.min(segment(x, y, -0.17, 0.02, -0.05, 0.14), segment(x, y, -0.05, 0.14, 0.18, -0.13)) < 0.045) return true;
  const angle = Math.atan2(y, x);
  const ring = Math.abs(Math.hypot(x, y) - 0.33) < 0.032;
  const gap = (a: number) => Math.abs(Math.atan2(Math.sin(angle - a), Math.cos(angle - a))) < 0.3;
  if (ring && !gap(-0.35) && !gap(Math.PI - 0.35)) return true;
  return head(x, y, -0.65) || head(x, y, Math.PI - 0.65);
}

/** The head of an arrow that runs along the ring and ends there. */
function head(x: number, y: number, at: number): boolean {
  const cx = 0.33 * Math.cos(at);
  const cy = 0.33 * Math.sin(at);
  const along = -(x - cx) * Math.sin(at) + (y - cy) * Math.cos(at);
  const across = (x - cx) * Math.cos(at) + (y - cy) * Math.sin(at);
  return along > -0.01 && along < 0.12 && Math.abs(across) < (0.12 - along) * 0.75;
}

interface Look {
  size: number;
  back: RGBA;
  ink: RGBA;
  /** Fills the whole square, for systems that cut their own shape out of it. */
  bleed?: boolean;
  /** The drawing's size. */
  scale: number;
}

function png({ size, back, ink, bleed, scale }: Look): Buffer {
  const rows = Buffer.alloc((size * 4 + 1) * size);
  const samples = 4;
  for (let py = 0; py < size; py++) {
    for (let px = 0; px < size; px++) {
      const sum = [0, 0, 0, 0];
      for (let s = 0; s < samples * samples; s++) {
        const x = (px + ((s % samples) + 0.5) / samples) / size;
        const y = (py + (Math.floor(s / samples) + 0.5) / samples) / size;
        let c = bleed || square(x, y, 0.5, 0.22) <= 0 ? back : clear;
        if (drawn((x - 0.5) / scale, (y - 0.5) / scale)) c = ink;
        for (let i = 0; i < 3; i++) sum[i]! += c[i]! * c[3];
        sum[3]! += c[3];
      }
      const o = py * (size * 4 + 1) + 1 + px * 4;
      for (let i = 0; i < 3; i++) rows[o + i] = sum[3] ? Math.round(sum[i]! / sum[3]!) : 0;
      rows[o + 3] = Math.round(sum[3]! / (samples * samples));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

function crc(bytes: Buffer): number {
  let c = 0xffffffff;
  for (const b of bytes) {
    c ^= b;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  }
  return (c ^ 0xffffffff) >>> 0;
}

const looks: Record<string, Look> = {
  'icons/icon-192.png': { size: 192, back: teal, ink: white, scale: 1 },
  'icons/icon-512.png': { size: 512, back: teal, ink: white, scale: 1 },
  'icons/maskable-512.png': { size: 512, back: teal, ink: white, bleed: true, scale: 0.78 },
  'icons/apple-touch-180.png': { size: 180, back: teal, ink: white, bleed: true, scale: 0.9 },
  'icons/badge-96.png': { size: 96, back: clear, ink: white, scale: 1.2 },
};

/** Adds the icons to a build, and serves them while developing. */
export function icons(): Plugin {
  return {
    name: 'fieldsync-icons',
    generateBundle() {
      for (const [fileName, look] of Object.entries(looks)) this.emitFile({ type: 'asset', fileName, source: png(look) });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const look = looks[(request.url ?? '').replace(/^\/m\//, '')];
        if (!look) return next();
        response.setHeader('Content-Type', 'image/png').end(png(look));
      });
    },
  };
}
