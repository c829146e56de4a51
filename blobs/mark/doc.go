// Package mark lets whoever holds a store's files serve them without hashing them again: of each block of a file it knows a
// keyed checksum, its mark, which costs a seventh of SHA-256. Marks are made of the very bytes whose SHA-256 is being checked,
// as a file comes in or is first read, and kept in a Book, durably. What is read afterwards, from any place, is checked block
// by block before it is given; what is not right is never given.
//
// A mark is HighwayHash-128 of a block and its number, its key made of a secret of the server and the file's name. A mark
// says of a block only that it is that one of the file with that name; it has nothing to do with where the file lies, or when
// it was stored. Who changes bytes in a bucket or on a disk without the secret passes with a chance of one in 2^128.
//
// Marks of parts that are under way are kept with the parts, where somebody may change them: they gain nothing by it.
package mark
