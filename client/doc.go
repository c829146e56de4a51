// Package client is fieldsync on a phone, a laptop, or inside another program: a folder that holds a person's job
// documents and files, edits them without asking anybody, and exchanges changes with a server whenever it can.
//
//	c, err := client.Open(client.Options{Dir: dir})
//	who, err := c.Login(ctx, "https://sync.example.org", token)
//	report, err := c.Sync(ctx)                    // or go c.Run(ctx), which stays connected
//	err = c.Change(ctx, id, func(tx *engine.Tx) error { return tx.Set(crdt.Path{"title"}, "Leak in the cellar") })
//
// # What it promises
//
// A change that Create, Change or Attach returned from is on the disk: a crash or a power cut keeps it, and it reaches the
// server as soon as there is one. What the server refuses for good leaves its document, so that what came after it arrives, and is kept
// whole: Refused tells what it was and why, until somebody has it done Again, or dismisses it.
// A file appears under its name only when all its bytes hash to it.
//
// # The folder
//
//	folder.json    the folder's format; of an encrypted one, what its key is checked by
//	account.json   the server, who I am, the token (mode 0600), the seed of this folder's actor ids
//	store/         documents, outbox and bookkeeping (package badgerstore)
//	files/         files by their SHA-256 (package diskblob)
//	parts/         downloads that were cut; they go on where they stopped
//	sealed/        of an encrypted folder (Options.Key): all of these but folder.json, encrypted
//
// A folder belongs to one person at one server, and is open in one process at a time (store.ErrLocked).
//
// # What the caller must do
//
// Close the client. Read documents through the methods here and not from the folder. A Client is safe for concurrent use;
// changes to one document follow one another.
package client
