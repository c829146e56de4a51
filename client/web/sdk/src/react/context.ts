import { createContext, createElement, useContext, type ReactNode } from 'react';
import type { Client } from '../api.ts';

const Context = createContext<Client | undefined>(undefined);

/** Gives the hooks below it their client. */
export function ClientProvider({ client, children }: { readonly client: Client; readonly children: ReactNode }) {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the provider above; throws where there is none. */
export function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error('useClient: no ClientProvider above');
  return client;
}
