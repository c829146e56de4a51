// Package badgerstore keeps a store.Store in a folder on disk, in Badger v4. It is the only importer of Badger.
//
// Badger with SyncWrites makes one fsync per transaction. Here one goroutine gathers the batches that many callers submit into one
// transaction, so that they share its fsync; a batch stays atomic, because a transaction is cut only between batches.
//
// Badger writes through memory maps of sparse files: on a full disk the kernel answers such a write with SIGBUS, which ends the
// process. So room is checked before every transaction, and a reserve (a file of real blocks) is given back to the disk when room runs
// out, for Badger's background work to end in: see space.go. The caller gets store.ErrFull, and may write again when there is room.
//
// The caller calls Close. Options.Dir belongs to one process at a time.
package badgerstore
