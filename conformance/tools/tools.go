// Package tools pins the programs that check and test this repository, in a module of its own: their several hundred
// dependencies are none of the server's. `make lint` and `make test` build them into the cache.
package tools
