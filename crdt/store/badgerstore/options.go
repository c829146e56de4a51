package badgerstore

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Profile is how much memory and disk a store takes for itself.
type Profile uint8

const (
	Server Profile = iota // about 25 MB of memory when idle, 64 MB of reserve on disk
	Small                 // for a phone or a laptop: about half of the memory, 24 MB of reserve
)

// Options configure a store. Only Dir must be set.
type Options struct {
	Dir     string       // made if it is not there
	Profile Profile      // default Server
	Logger  *slog.Logger // nil: nothing is logged

	// Reserve is the room in bytes that is kept on the disk for background work: half of it must be free for a write to be
	// taken, as much as all of it is held in a file that is given up when the disk fills. 0: by the profile.
	Reserve int64

	// GCInterval is how often disk space of overwritten large values is looked for. 0: every ten minutes; negative: never.
	GCInterval time.Duration

	// Key encrypts what is written (AES-CTR, under data keys that this one wraps): 32 bytes, or none for a store in the clear. A store is
	// opened with the key that it was made with, or not at all: ErrKey.
	Key []byte

	freeSpace func(dir string) (int64, error) // for tests; nil: what the file system says
}

// Limits of a store.
const (
	// MaxKey is the longest key in bytes; Badger's own limit is 65,000.
	MaxKey = 60000

	// MaxValue is the longest value in bytes: it must fit into one file of the value log.
	MaxValue = 64<<20 - 1<<10

	// maxGroup is how many batches share a transaction at most. More gain little, and all of them wait for the last.
	maxGroup = 256

	// maxGroupBytes bounds the bytes of a transaction of more than one batch, for the same reason.
	maxGroupBytes = 8 << 20

	// maxQueued and maxQueuedBytes bound what is submitted and not yet written. Submit blocks above; one batch is taken
	// whatever its size when nothing else is queued.
	maxQueued      = 16 << 10
	maxQueuedBytes = 32 << 20

	// keyLen is the length of Options.Key in bytes: AES-256.
	keyLen = 32

	// With a key Badger has to have caches of decrypted blocks and table indexes. Their sizes in bytes: small, because the working
	// set of who encrypts, a phone, is.
	blockCache = 1 << 20
	indexCache = 1 << 20

	// valueThreshold is the size in bytes from which values go to the value log. Snapshots of large documents do: in the
	// tree they would be copied by every compaction, and would count against a transaction's size. Changes do not: they
	// are read by range.
	valueThreshold = 32 << 10
)

// sizes are what a profile decides, in bytes.
type sizes struct{ memtable, reserve int64 }

func (o Options) sizes() (sizes, error) {
	var s sizes
	switch o.Profile {
	case Server:
		s = sizes{memtable: 8 << 20, reserve: 64 << 20}
	case Small:
		s = sizes{memtable: 4 << 20, reserve: 24 << 20}
	default:
		return s, fmt.Errorf("badgerstore: unknown profile %d", o.Profile)
	}
	if o.Reserve != 0 {
		s.reserve = o.Reserve
	}
	if len(o.Key) != 0 && len(o.Key) != keyLen {
		return s, fmt.Errorf("badgerstore: a key has %d bytes, not %d", keyLen, len(o.Key))
	}
	if o.Dir == "" || s.reserve < 0 {
		return s, fmt.Errorf("badgerstore: no folder, or a negative reserve")
	}
	return s, nil
}

// badgerOptions are Badger's, tuned: two memtables, no caches but where there is a key (the page cache serves the maps), no compression (chunks are compressed
// or tiny), checksums verified on every block that is read.
func (o Options) badgerOptions(s sizes) badger.Options {
	caches := [2]int64{}
	if len(o.Key) > 0 {
		caches = [2]int64{blockCache, indexCache}
	}
	return badger.DefaultOptions(o.Dir).
		WithEncryptionKey(o.Key).
		WithSyncWrites(true). // I1: acknowledged means fsynced
		WithMemTableSize(s.memtable).
		WithNumMemtables(2).
		WithNumLevelZeroTables(2).
		WithNumLevelZeroTablesStall(8).
		WithNumCompactors(2).
		WithBlockCacheSize(caches[0]).
		WithIndexCacheSize(caches[1]).
		WithCompression(options.None).
		WithChecksumVerificationMode(options.OnBlockRead).
		WithValueThreshold(valueThreshold).
		WithValueLogFileSize(64 << 20).
		WithNumVersionsToKeep(1).
		WithDetectConflicts(false). // one committer: nothing to conflict with
		WithMetricsEnabled(false).
		WithLogger(logger{o.Logger})
}
