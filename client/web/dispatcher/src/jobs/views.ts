import { useSyncExternalStore } from 'react';
import { readSearch, type JobSearch } from './filters.ts';

/** A list that somebody gave a name. */
export interface View {
  name: string;
  search: JobSearch;
}

const key = (user: string): string => `fieldsync.views.${user}`;
const listeners = new Set<() => void>();
let cache: { text: string; views: View[] } = { text: '', views: [] };

function read(user: string): View[] {
  const text = localStorage.getItem(key(user)) ?? '[]';
  if (text !== cache.text) {
    let views: View[] = [];
    try {
      const stored = JSON.parse(text) as unknown;
      if (Array.isArray(stored)) views = (stored as View[]).filter((v) => typeof v?.name === 'string').map((v) => ({ name: v.name, search: readSearch({ ...v.search }) }));
    } catch {
      // what is no list of views is none
    }
    cache = { text, views };
  }
  return cache.views;
}

/** useViews are the views that a person has saved in this browser, and a way to change them. */
export function useViews(user: string): [View[], (views: View[]) => void] {
  const views = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      window.addEventListener('storage', tell);
      return () => {
        listeners.delete(tell);
        window.removeEventListener('storage', tell);
      };
    },
    () => read(user),
  );
  return [
    views,
    (next) => {
      localStorage.setItem(key(user), JSON.stringify(next));
      for (const tell of listeners) tell();
    },
  ];
}
