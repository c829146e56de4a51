import { expect, test, vi } from 'vitest';
import type { Database } from '../store/database.ts';
import { FileCache } from './cache.ts';

const page = '<script>alert(1)</script>';

function cacheOf(type: string) {
  const db = { held: () => Promise.resolve(new Set(['sum'])), get: () => Promise.resolve({ blob: new Blob([page], { type }) }) } as unknown as Database;
  return new FileCache({ db, serverUrl: new URL('http://office.example'), headers: {}, fast: () => true, moved: () => undefined, came: () => undefined });
}

test('a file that is here has an address under which nothing of it runs, whatever it says that it is', async () => {
  const made = vi.spyOn(URL, 'createObjectURL');
  try {
    for (const [type, as] of [['text/html', 'application/octet-stream'], ['image/svg+xml', 'application/octet-stream'], ['application/xhtml+xml', 'application/octet-stream'], ['', 'application/octet-stream'], ['image/jpeg', 'image/jpeg'], ['video/mp4', 'video/mp4']] as const) {
      const cache = cacheOf(type);
      await cache.open();
      await vi.waitFor(() => expect(cache.urlOf('sum')).toMatch(/^blob:/), { timeout: 30_000 });
      const blob = made.mock.lastCall![0] as Blob;
      expect([type, blob.type, await blob.text()]).toEqual([type, as, page]);
      cache.close();
    }
  } finally {
    made.mockRestore();
  }
});

test('a page that comes in a file’s place is none of the file, and what had come before it stays', async () => {
  const kept: unknown[] = [];
  const db = {
    held: () => Promise.resolve(new Set()), get: () => Promise.resolve({ sha256: 'sum', parts: [new Blob(['half'])] }), put: (_: string, v: unknown) => Promise.resolve(kept.push(v)), delete: () => Promise.resolve(kept.push('gone')), update: () => Promise.resolve(undefined),
  } as unknown as Database;
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(page, { headers: { 'Content-Type': 'text/html' } })));
  try {
    const cache = new FileCache({ db, serverUrl: new URL('http://office.example'), headers: {}, fast: () => true, moved: () => undefined, came: () => undefined });
    await expect(cache.bring({ job: 'job', sha256: 'sum', kind: 'file' })).rejects.toMatchObject({ code: 'not-the-server' });
    expect(kept).toEqual([]);
    cache.close();
  } finally {
    vi.unstubAllGlobals();
  }
});
