import type { QueryClient } from '@tanstack/react-query';
import { api, ask } from '../api/rest.ts';
import { meQuery } from '../api/queries.ts';

export interface Credentials {
  login: string;
  password: string;
  /** Only where a login with this password is in several organisations. */
  org?: string;
}

export async function signIn(client: QueryClient, as: Credentials): Promise<void> {
  await ask(api.POST('/api/v1/session', { body: as }));
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== meQuery.queryKey[0] }); // what somebody else may have read
  await client.fetchQuery({ ...meQuery, staleTime: 0 });
}

/** signOut ends the session of this browser, and forgets what was read in it. */
export async function signOut(): Promise<void> {
  await ask(api.DELETE('/api/v1/session'));
  location.assign('/'); // nothing of this person stays in memory
}

/** Why the single sign-on that sent the browser here did not let it in: the code of the problem (docs/OPERATIONS.md). It is taken out of the address, so that it is said once. */
export const refusal: string | undefined = takeRefusal();

function takeRefusal(): string | undefined {
  const here = new URL(location.href);
  const code = here.searchParams.get('sign_in_error');
  if (code === null) return undefined;
  here.searchParams.delete('sign_in_error');
  history.replaceState(history.state, '', here);
  return code;
}
