import { ApiError } from '@fieldsync/sdk';
import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useCallback } from 'react';
import { byName } from '../format.ts';
import { api, ask, given, readAll, readBook, type Book } from './rest.ts';
import type { Me, Role, User } from './types.ts';

/* What pages share: who is who, and lists that are small enough to be read whole. */

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }): Promise<Me | null> => {
    try {
      return await ask(api.GET('/api/v1/me', { signal }));
    } catch (err) {
      if (err instanceof ApiError && err.status === 401) return null; // nobody is signed in
      throw err;
    }
  },
  staleTime: 60_000,
});

/** useMe is who is signed in. Within the pages somebody is. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error('nobody is signed in');
  return data;
}

const writers: readonly Role[] = ['owner', 'administrator', 'dispatcher'];
const administrators: readonly Role[] = ['owner', 'administrator'];

/** useMay tells what the role allows: directors look, dispatchers plan, administrators keep the accounts. */
export function useMay(): { write: boolean; administer: boolean } {
  const role = useMe().role;
  return { write: role !== undefined && writers.includes(role), administer: role !== undefined && administrators.includes(role) };
}

/** All people, by name. */
export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: async ({ signal }) => (await readAll((page) => ask(api.GET('/api/v1/users', { params: { query: page }, signal })), ({ users }) => users)).sort((a, b) => byName(a.name, b.name)),
  staleTime: 60_000,
});
export const useUsers = (): UseQueryResult<User[]> => useQuery(usersQuery);

/** useNames gives the name of a user's id; an id that is not there, or programs' "integration:…", as it is. */
export function useNames(): (user: string | undefined) => string {
  const { data } = useUsers();
  return useCallback(
    (user: string | undefined) => {
      if (!user) return '';
      const id = user.replace(/^user:/, '');
      return data?.find((u) => u.id === id)?.name ?? id;
    },
    [data],
  );
}

/** Those whom jobs can be given to, by name. */
export function useWorkers(): User[] {
  const { data } = useUsers();
  return (data ?? []).filter((u) => u.role === 'worker' && !u.disabled);
}

export const teamsQuery = queryOptions({ queryKey: ['teams'], queryFn: ({ signal }) => readAll((page) => ask(api.GET('/api/v1/teams', { params: { query: page }, signal })), ({ teams }) => teams), staleTime: 60_000 });
/** The devices of everybody, or of one person: one's own also where the role sees no others. */
export const devicesQuery = (user?: string) =>
  queryOptions({
    queryKey: ['devices', user],
    queryFn: async ({ signal }) =>
      user
        ? (await ask(api.GET('/api/v1/users/{user}/devices', { params: { path: { user } }, signal }))).devices
        : readAll((page) => ask(api.GET('/api/v1/devices', { params: { query: page }, signal })), ({ devices }) => devices),
    refetchInterval: 30_000,
  });
/** The devices that are told of changes, of everybody or one person. */
export const subscriptionsQuery = (user?: string) =>
  queryOptions({
    queryKey: ['push', 'subscriptions', user],
    queryFn: async ({ signal }) => (await ask(api.GET('/api/v1/push/subscriptions', { params: { query: given({ user }) }, signal }))).subscriptions ?? [],
    refetchInterval: 30_000,
  });
export const organisationQuery = queryOptions({ queryKey: ['organisation'], queryFn: ({ signal }) => ask(api.GET('/api/v1/organisation', { signal })), staleTime: 60_000 });

/** The rows of templates, clients or sites that match some words. */
export const bookQuery = (book: Book, query: { q?: string; archived?: boolean } = {}) =>
  queryOptions({
    queryKey: [book, query],
    queryFn: ({ signal }) => readAll((page) => readBook(book, { ...given(query), ...page }, signal), ({ rows }) => rows),
    staleTime: 15_000,
    placeholderData: keepPreviousData,
  });

/** useSave sends something, and has lists that it changes read anew. */
export function useSave<T, V = void>(send: (value: V) => Promise<T>, stale: readonly (readonly unknown[])[] = []) {
  const client = useQueryClient();
  return useMutation<T, ApiError, V>({
    mutationFn: send,
    onSuccess: () => Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
