import wasm from '@automerge/automerge/automerge.wasm?url';
import { createClient, type Client } from '@fieldsync/sdk';

let made: Client | undefined;

/** The client of this tab: it keeps the jobs that are open, in memory. Lists come from the API. */
export function officeClient(): Client {
  return (made ??= createClient({ replica: 'opened', wasm }));
}
