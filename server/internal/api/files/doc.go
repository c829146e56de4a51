// Package files serves files by their SHA-256 over HTTP:
//
//	PUT      /api/v1/files/{sha256}?job={document id}   stores the body; needs Content-Length
//	GET|HEAD /api/v1/files/{sha256}?job={document id}   gives it back; Range, If-Range, If-None-Match; &type= see below
//
// PUT answers 201 (new) or 200 (there already; the body is not read, so a client that says "Expect: 100-continue" sends
// nothing). It needs the right to write to the job. GET needs the right to read the job and that the job refers to the
// file; anything else is 404, so that nobody learns what other jobs hold.
//
// Errors are problem documents (package problem): 400 mismatch (other bytes than the name says, or another length), 400
// broken-off, 408 too-slow, 411 length-required, 413 too-large, 415, 429 busy, 507 full, 503 unavailable; the last three
// with Retry-After.
//
// # What is served is the file
//
// Each block of a file is checked before it goes out, by the marks that were made when the file came (package mark). Where
// there are none, a whole file is hashed on its way out, its last piece withheld until the hash is right; a range waits until
// the whole was read once, but of files that their store attests (S3 with our checksum). What is wrong before anything went
// out is answered 500 "damaged"; later the connection is cut before the declared length is reached, so that no client takes it
// for complete. Several ranges in one request are answered with the whole file, as RFC 9110 allows.
//
// # What is served is inert
//
// Files come from phones and from whoever has a login. They are sent as application/octet-stream, as an attachment, with
// nosniff and a Content-Security-Policy that sandboxes, so that an HTML or SVG file never runs as a page of ours. With
// &type= one of the picture, sound and video types in a fixed list, the file is sent as that and inline; nosniff and the
// sandbox stay.
package files
