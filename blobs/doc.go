// Package blobs keeps files (photos, attachments) under the name of their content: the SHA-256.
//
// A file under a name is that file. Three things keep it so, and nothing else may be relied on:
//
//   - Receive is the only way in. A backend's writing verb takes an *Incoming, which only Receive can make, and which
//     withholds the last bytes until length and hash are right: a backend can neither skip the check nor be handed a
//     whole file that fails it.
//   - A backend gives the name only to what it has read to the end (io.EOF) and made durable. What fails or is
//     cancelled before leaves no name behind.
//   - Reading a whole file through ReadAll, Copy or VerifyReader checks it again, and package mark does so from any place.
//
// A Store is made of verbs (Fetcher, Receiver, Statter, Remover, Enumerator) so that a caller asks for what it needs.
// Every verb takes a Space: the organisation that the name belongs to. Organisations do not share names, so that nobody
// learns from a store whether another organisation has a file.
//
// Backends: diskblob (a folder), s3blob (MinIO and other S3 servers), memblob (tests, with faults). All three pass
// blobtest. The package is pure but for the readers that it is given: it opens no file and no socket.
package blobs
