package badgerstore

import "sync/atomic"

// counters count since Open.
type counters struct{ commits, batches, bytes, full, rewrites atomic.Uint64 }

// Stats are figures for an operator. Counters begin at 0 with Open.
type Stats struct {
	Commits     uint64 // transactions: one fsync each
	Batches     uint64 // batches in them; Batches/Commits is what the group commit gains
	Bytes       uint64 // keys and values in them
	Full        uint64 // transactions refused because the disk had no room
	Rewrites    uint64 // files of the value log rewritten to free space
	Queued      int    // batches submitted and not yet taken by the committer
	QueuedBytes int64
	TableBytes  int64 // size of the tables on disk; Badger counts once a minute
	ValueBytes  int64 // size of the value log on disk
	DiskFull    bool  // the reserve is given up: writes answer store.ErrFull until there is room for it again
	Failed      bool  // writes answer ErrFailed
}

// Stats gives the figures of now.
func (s *Store) Stats() Stats {
	out := Stats{
		Commits: s.stats.commits.Load(), Batches: s.stats.batches.Load(), Bytes: s.stats.bytes.Load(),
		Full: s.stats.full.Load(), Rewrites: s.stats.rewrites.Load(), DiskFull: !s.space.roomy(), Failed: s.failed.Load(),
	}
	out.Queued, out.QueuedBytes = s.queue.size()
	if s.enter() {
		out.TableBytes, out.ValueBytes = s.db.Size()
		s.leave()
	}
	return out
}
