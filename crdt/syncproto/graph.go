package syncproto

import "fieldsync/crdt"

// Graph is one document's changes, as *history.History keeps them. Changes only ever come to its end; an index names the
// same change for as long as a Peer is in use. After the graph was loaded anew or truncated, Reset the peers.
type Graph interface {
	Heads() crdt.Heads             // sorted
	Len() int                      // number of changes
	Has(crdt.Hash) bool            // admitted; waiting changes are not
	IndexOf(crdt.Hash) (int, bool) // of an admitted change
	Hash(i int) crdt.Hash          // of change i
	Raw(i int) []byte              // change i as a type 1 chunk
	Deps(i int) []uint32           // indices of change i's dependencies, all smaller than i
	Since(known []crdt.Hash) []int // ascending; all that is not known or in the past of what is. Unknown hashes are ignored
	WaitingFor() []crdt.Hash       // sorted; dependencies that waiting changes miss
	IsWaiting(crdt.Hash) bool      // received, but its dependencies are missing
}
