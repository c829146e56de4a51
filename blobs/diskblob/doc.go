// Package diskblob keeps files in a folder. It is a blobs.Store.
//
// Layout, all of it below the root:
//
//	<space>/<aa>/<64 hexadecimal digits>   a file; aa are the name's first two digits. Mode 0600, never written again
//	.incoming/<random>                     a file on its way; swept when the store is opened
//	.lock                                  locked while a process has the store open
//
// A file is written in .incoming, fsynced, renamed to its name, and the folder that holds the name is fsynced: after Store
// has returned, a power cut keeps the file, and before the rename there is no name. Stat waits for a rename whose folder is
// not yet fsynced, so that nobody is told of a file that a power cut can still take away.
//
// OpenSealed opens a root whose files are encrypted (seal.go has their layout): for a phone. It is not for uploads that grow.
//
// A root belongs to one process at a time (ErrLocked). It is one file system: a mount point below it would make the rename
// fail. Anything else that stands in the folder is left alone and not listed.
package diskblob
