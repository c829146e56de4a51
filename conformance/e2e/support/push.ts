import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify, type ECDH } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from './server.ts';
import { expect, type BrowserContext, type Page } from './test.ts';

/** A push that came, decrypted as a browser does. */
export interface Pushed {
  readonly topic: string | undefined;
  readonly urgency: string | undefined;
  readonly ttl: number;
  readonly text: string;
}

/**
 * A push service, and the browser's side of a subscription with it: the browser itself reaches none here. It checks the VAPID signature (RFC 8292) and decrypts (RFC 8291); what is wrong is
 * answered 400 and kept.
 */
export class PushService {
  readonly #keys: ECDH = createECDH('prime256v1');
  readonly #auth = randomBytes(16);
  readonly #http: HttpServer;
  readonly pushed: Pushed[] = [];
  readonly wrong: string[] = [];
  /** What it answers with a message that is right. */
  answer = 201;

  constructor() {
    this.#keys.generateKeys();
    this.#http = createServer((request, response) => void this.#take(request, response));
  }

  async start(): Promise<void> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Has the device of a token told here; gives its id. */
  async register(api: Api): Promise<string> {
    await api.ask('PUT', '/push/subscription', { service: 'webpush', endpoint: `${this.url}/push/device`, keys: { p256dh: this.#keys.getPublicKey().toString('base64url'), auth: this.#auth.toString('base64url') } });
    return (await api.ask<{ device: string }>('GET', '/me')).device;
  }

  /** Has a context's pages subscribe here. */
  async serve(context: BrowserContext): Promise<void> {
    const given = { endpoint: `${this.url}/push/phone`, p256dh: [...this.#keys.getPublicKey()], auth: [...this.#auth] };
    await context.addInitScript((given) => {
      let now: unknown = null;
      const subscription = (key: BufferSource) => ({
        endpoint: given.endpoint,
        options: { userVisibleOnly: true, applicationServerKey: new Uint8Array(key as Uint8Array<ArrayBuffer>).buffer },
        getKey: (name: 'p256dh' | 'auth') => new Uint8Array(given[name]).buffer,
        unsubscribe: () => {
          now = null;
          return Promise.resolve(true);
        },
      });
      const manager = PushManager.prototype as unknown as Record<string, unknown>;
      manager['getSubscription'] = () => Promise.resolve(now);
      manager['subscribe'] = (o: { applicationServerKey: BufferSource }) => Promise.resolve((now = subscription(o.applicationServerKey)));
    }, given);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      signed(String(request.headers.authorization), this.url);
      const header = (name: string) => request.headers[name] as string | undefined;
      this.pushed.push({ topic: header('topic'), urgency: header('urgency'), ttl: Number(header('ttl')), text: this.#open(Buffer.concat(chunks)) });
      response.writeHead(this.answer).end();
    } catch (error) {
      this.wrong.push(String(error));
      response.writeHead(400).end();
    }
  }

  #open(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const theirs = body.subarray(21, 21 + body[20]!);
    const sealed = body.subarray(21 + body[20]!);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#keys.getPublicKey(), theirs]);
    const ikm = Buffer.from(hkdfSync('sha256', this.#keys.computeSecret(theirs), this.#auth, info, 32));
    const key = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: aes128gcm\0', 16));
    const nonce = Buffer.from(hkdfSync('sha256', ikm, salt, 'Content-Encoding: nonce\0', 12));
    const gcm = createDecipheriv('aes-128-gcm', key, nonce);
    gcm.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([gcm.update(sealed.subarray(0, -16)), gcm.final()]);
    return plain.subarray(0, plain.lastIndexOf(2)).toString();
  }
}

function signed(authorization: string, origin: string): void {
  const found = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)$/.exec(authorization);
  if (!found) throw new Error(`authorization ${authorization}`);
  const [, header, claims, signature, key] = found as unknown as [string, string, string, string, string];
  const point = Buffer.from(key, 'base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
  const good = verify('sha256', Buffer.from(`${header}.${claims}`), { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { aud: string; exp: number };
  if (!good || said.aud !== origin || said.exp * 1000 - Date.now() > 86_400_000) throw new Error(`signature ${good}, ${JSON.stringify(said)}`);
}

/** Delivers a push to the app's service worker, as the browser does when its push service brings one. */
export async function deliver(page: Page, text: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const found = new Promise<string>((resolve) =>
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find((r) => r.scopeURL.endsWith('/m/') && !r.isDeleted);
      if (ours) resolve(ours.registrationId);
    }),
  );
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.deliverPushMessage', { origin: new URL(page.url()).origin, registrationId: await found, data: text });
  await session.detach();
}

/** The app's service worker, to look at its notices and to tap one. */
export async function worker(context: BrowserContext) {
  return context.serviceWorkers().find((w) => w.url().endsWith('/m/sw.js')) ?? (await context.waitForEvent('serviceworker'));
}

/** The notices that stand on the screen. */
export const notices = async (context: BrowserContext) =>
  (await worker(context)).evaluate(async () => {
    const all = await (self as unknown as { registration: ServiceWorkerRegistration }).registration.getNotifications();
    return all.map((n) => ({ title: n.title, body: n.body, tag: n.tag, job: (n.data as { job?: string }).job }));
  });

/** Taps the notice of a job. */
export const tap = async (context: BrowserContext, job: string) =>
  (await worker(context)).evaluate(async (job) => {
    const scope = self as unknown as { registration: ServiceWorkerRegistration } & EventTarget;
    const notification = (await scope.registration.getNotifications()).find((n) => (n.data as { job?: string }).job === job);
    const Event = (globalThis as unknown as { NotificationEvent: new (type: string, init: { notification: Notification }) => Event }).NotificationEvent;
    scope.dispatchEvent(new Event('notificationclick', { notification: notification! }));
  }, job);

/** Waits for a push that says something. */
export async function next(service: PushService, says: RegExp): Promise<Pushed> {
  await expect.poll(() => service.pushed.some((p) => says.test(p.text)) || service.wrong.join('\n'), { message: `a push that says ${says}` }).toBe(true);
  return service.pushed.find((p) => says.test(p.text))!;
}
