type Record_ = Record<string, unknown>;

const isObject = (value: unknown): value is Record_ => typeof value === 'object' && value !== null && !Array.isArray(value);

/** optimistic is a document as it will be once a merge patch is made, as far as a page needs it until the answer comes: entries of lists by their uuid. */
export function optimistic<T>(data: T, patch: Record_): T {
  if (!isObject(data)) return data;
  const out: Record_ = { ...data };
  for (const [key, value] of Object.entries(patch)) {
    const now = out[key];
    if (Array.isArray(now) && isObject(value)) {
      let list = now as { uuid: string }[];
      for (const [uuid, entry] of Object.entries(value)) {
        if (entry === null) list = list.filter((e) => e.uuid !== uuid);
        else if (list.some((e) => e.uuid === uuid)) list = list.map((e) => (e.uuid === uuid ? { ...e, ...(entry as object) } : e));
        // a new one is shown when the server has given it all that belongs to it
      }
      out[key] = list;
    } else if (value === null) delete out[key];
    else out[key] = isObject(now) && isObject(value) ? optimistic(now, value) : value;
  }
  return out as T;
}
