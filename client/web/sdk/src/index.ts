/**
 * fieldsync in a browser: an offline replica of one's jobs, its sync with the server, its files. `createClient` gives a Client; the
 * hooks for React are in `@fieldsync/sdk/react`.
 */
export type * from './api.ts';
export type * from './types.ts';
export * from './errors.ts';
export { english, isReasonCode, reasons, type OwnReason, type Reason, type ReasonCode, type ReasonParam } from './reasons.ts';
export { createClient } from './client/client.ts';
export { addressOf, data, problem, restClient, type Paths, type QueryOf, type RestClient, type RestOptions, type Schemas } from './rest/client.ts';
export { derived, fixed, Value } from './watched.ts';
