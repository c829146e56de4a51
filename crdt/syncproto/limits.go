package syncproto

// Limits bound what a peer may make us hold or do with one message. A zero field means its default.
type Limits struct {
	Message    int // bytes of a whole message; DefaultMaxMessage
	Hashes     int // entries in each list of hashes: heads, need, lastSync; DefaultMaxHashes
	Have       int // entries in have; DefaultMaxHave
	BloomBytes int // bytes of each Bloom filter; DefaultMaxBloomBytes
	Changes    int // entries in changes; DefaultMaxChanges
}

const (
	// DefaultMaxMessage is above any document that we admit: version 2 sends a whole one in a single message.
	DefaultMaxMessage = 64 << 20
	// DefaultMaxHashes is 128 KiB of hashes. Heads beyond a few dozen mean that as many people wrote at once offline.
	DefaultMaxHashes = 4096
	// DefaultMaxHave: every known core writes one entry and reads all; the filters of all are probed for every change.
	DefaultMaxHave = 4
	// DefaultMaxBloomBytes is a filter over 400,000 changes at the usual ten bits each.
	DefaultMaxBloomBytes = 512 << 10
	// DefaultMaxChanges costs 3 MiB of slice headers where every entry is empty.
	DefaultMaxChanges = 1 << 17
	// MaxFlagBytes: cores write two; what follows may be more in the future, and is kept.
	MaxFlagBytes = 64
	// MaxBloomBitsPerEntry and MaxBloomProbes: cores write 10 and 7. More than a few dozen probes only burn our time.
	MaxBloomBitsPerEntry = 64
	MaxBloomProbes       = 32
)

// withDefaults fills the zero fields in.
func (l Limits) withDefaults() Limits {
	fill := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	fill(&l.Message, DefaultMaxMessage)
	fill(&l.Hashes, DefaultMaxHashes)
	fill(&l.Have, DefaultMaxHave)
	fill(&l.BloomBytes, DefaultMaxBloomBytes)
	fill(&l.Changes, DefaultMaxChanges)
	return l
}
