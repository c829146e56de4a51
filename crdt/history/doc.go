// Package history keeps one document's change graph: the changes themselves, who delivered each, and an index of their
// operations. Its Admit is the gate of invariant I2: whatever it takes in can be loaded, merged, saved and read by every
// Automerge core, in any order, and gives the same document there. Whatever could abort a core, brick a save or make
// two cores disagree is refused with a reason, and leaves the history as it was.
//
// The rules beyond canonical bytes (which package format checks) are, in order:
//
//   - each operation by itself: action, value, key, mark and predecessors fit together;
//   - the change is its actor's next, and depends, directly or not, on that actor's previous one;
//   - its dependencies are here, or it waits in a bounded room until they are;
//   - its first counter is greater than every counter that it depends on, by a bounded gap;
//   - each operation names only objects, elements and predecessors of its causal past, each in the place where it stands;
//   - the caller's policy on author and paths.
//
// Admission depends on a change and its causal past alone, limits and the caller's policy aside, so replicas that get the
// same changes in different orders admit the same ones.
//
// A history is made for thousands of open documents: flat slices of small records that point at one another by index,
// and one arena of change bytes. Values are not copied out of the bytes; reading one decodes the change that holds it.
//
// A History is not safe for concurrent use. It starts no goroutine, and reads no clock.
package history
