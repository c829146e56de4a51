import { readFileSync } from 'node:fs';
import openapi, { astToString } from 'openapi-typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Server } from './server.ts';

let server: Server;
beforeAll(async () => {
  server = await Server.start();
}, 240_000);
afterAll(() => server.end());

test('the types of the API are those that the server serves; `npm run api -w sdk` writes them anew', async () => {
  const served = astToString(await openapi(new URL('/api/v1/openapi.json', server.url)));
  const code = (s: string) => s.replace(/^\/\/ Code generated.*\n/, '').replace(/^\/\*\*[\s\S]*?\*\/\n+/, '').trim();
  expect(code(readFileSync(new URL('../src/rest/schema.ts', import.meta.url), 'utf8'))).toBe(code(served));
}, 120_000);
