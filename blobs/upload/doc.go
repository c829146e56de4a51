// Package upload takes files that arrive in pieces, over links that break: tus 1.0, served by tusd's handler over a data store
// of our own.
//
// # What is kept where
//
// All of an upload under way lies in the blob store's stage (blobs.Stage), nothing in this process: any server that reaches the
// store goes on with it, and a kill -9 loses at most what was not yet answered for. Per organisation:
//
//	state/<id>      JSON: whose, which file, how far, the half-done SHA-256, the list of pieces and parts
//	piece/<id>/<n>  bytes that are too few for a part
//	done/<id>       JSON: it is finished; kept for a day, for a sender who missed the answer
//
// and a growing file (blobs.Assembler), once there is enough for its first part. state/<id> is the one point of commitment:
// bytes count when it names them. It is written with the version that was read, so that of two servers that write to one upload
// one is told that the other was faster. It also says up to which number its writer may give parts and pieces one: who takes an
// upload over from another process begins behind that, so that a part that the other has still under way is not taken for one of ours.
//
// A chunk may have any size from one byte. Up to PartSize bytes are gathered in memory and become a part; what is left at a
// chunk's end becomes a piece, and sixteen pieces become one. What arrived before a connection broke is kept. Up to three parts of a
// chunk are on their way to the store while the next is read. They are committed as soon as no other follows, and every FlushAfter
// while others do: a kill costs the sender of a large chunk what he sent in that time.
//
// # The end
//
// The SHA-256 runs along. At the end it is compared, and only then the file gets its name: small ones through blobs.Receive's
// gate, large ones by blobs.Assembler with what blobs.Running says. A wrong file is removed with all that was kept of it.
//
// # Bounds
//
// Opened uploads and the bytes that they promise are bounded for each owner and for each organisation, by listing the states
// (their names tell owner and size). An upload to which nothing was added for ExpireAfter is swept.
package upload
