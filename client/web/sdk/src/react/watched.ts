import { useSyncExternalStore } from 'react';
import type { Watched } from '../types.ts';
import { useClient } from './context.ts';

/** What a Watched holds. */
export function useWatched<T>(watched: Watched<T>): T {
  return useSyncExternalStore(watched.subscribe, watched.get, watched.get);
}

export const useSession = () => useWatched(useClient().session);
export const useJobs = () => useWatched(useClient().jobs);
export const useTemplates = () => useWatched(useClient().templates);
export const useLink = () => useWatched(useClient().link);
export const useSync = () => useWatched(useClient().sync);
export const useUnsent = () => useWatched(useClient().unsent);
export const useRefused = () => useWatched(useClient().refused);
export const useStorageState = () => useWatched(useClient().storage);
