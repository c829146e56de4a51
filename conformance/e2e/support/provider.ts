import { once } from 'node:events';
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http';
import Provider from 'oidc-provider';
import { freePort } from './program.ts';
import { expect, type Page } from './test.ts';

/** What a server needs to know of the provider. */
export const client = { id: 'fieldsync', secret: 'a secret of fieldsync and its provider' };

/** An OpenID provider of the office (oidc-provider, which is certified), on this machine. Everybody may come in there, under the name that they type. */
export class Issuer {
  #http: HttpServer | undefined;
  port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** app: the address where browsers reach the server, to which the provider sends them back. */
  async start(app: string): Promise<void> {
    this.port ||= await freePort();
    const provider = new Provider(this.url, {
      clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [`${app}/api/v1/oidc/callback`], response_types: ['code'], grant_types: ['authorization_code'] }],
      pkce: { required: () => true, methods: ['S256'] },
      claims: { openid: ['sub'], profile: ['preferred_username', 'name'] },
      conformIdTokenClaims: false, // the claims stand in the ID token itself
      cookies: { keys: ['a key that signs cookies'] },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: `subject of ${id}`, preferred_username: id, name: id }) }),
    });
    this.#http = createServer(provider.callback() as RequestListener).listen(this.port, '127.0.0.1');
    await once(this.#http, 'listening');
  }

  async stop(): Promise<void> {
    if (!this.#http) return;
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
    this.#http = undefined;
  }

  /** Signs in on the provider's own pages, which the browser shows now. */
  async pass(page: Page, login: string): Promise<void> {
    await expect(page).toHaveURL(new RegExp(`^${this.url}/interaction/`));
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('what the provider asks for');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click(); // what fieldsync is to know
  }
}
