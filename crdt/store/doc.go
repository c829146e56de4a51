// Package store is the border to what keeps bytes on disk: a small ordered key-value interface with atomic, durable
// writes, and the keys under which fieldsync keeps its documents (docs/STORAGE.md). The backends are in badgerstore
// (disk) and memstore (memory, with faults, for simulation); storetest is the acceptance suite that both pass.
package store
