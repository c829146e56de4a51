// Package engine reads, edits, loads and saves the values of a document. It is the only package that knows automerge-go, and
// calls its Rust core (0.5.0) through the core's own C interface: so conflicts can be read, and memory is freed when a
// document is closed rather than when the garbage collector comes by.
//
// # What the caller must do
//
// The core is compiled with panic=abort: malformed bytes end the process, and nothing can recover. So [Load], [Doc.Apply] and
// [Snapshot] take only change chunks that admission (package history) has passed, or document chunks that this package made and
// package format has verified. Everything else that can be passed wrongly (paths, indexes, types, invalid UTF-8) is
// checked here and answered with an error.
//
// Close what you open. A document that is dropped without Close is freed after the garbage collector has found it, which
// may be late, because the collector does not see the core's memory.
//
// # What the engine promises
//
// A change that [Doc.Edit] returns, and a document chunk that [Doc.Save] or [Snapshot] returns, has been decoded by package
// format: the change is canonical, and the document chunk gives back exactly the hashes that went in. The core's known
// defects of that age (saves that cannot be loaded) end in an error here, not in a store.
//
// # Concurrency
//
// A [Doc] may be used from many goroutines; one works at a time. A [Tx] belongs to the function that it was given to, which must
// not call the document's own methods: they would wait for ever.
package engine
