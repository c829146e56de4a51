// Package netlimit bounds what comes in over the network before anything is known about who sends it: how many
// connections are open, in all and from one address, and it tells which address a request really comes from where a
// proxy stands before the server.
package netlimit
