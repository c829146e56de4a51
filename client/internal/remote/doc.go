// Package remote has a command line run by another process of the same user: the one that holds the folder. That process takes them at a unix
// socket in the folder, which nobody else may open; whoever wants something sends his command line, his working folder and what he is given at
// standard input, and gets what the command prints and its exit code, as it comes.
//
// # On the wire
//
// First the Request as JSON on one line. Then frames, in both directions: a byte that says what it is, four bytes of length, big-endian, and
// the bytes: to the process 'i' standard input (empty: its end), 'c' stop; from it 'o' standard output, 'e' standard error, 'x' the exit code as decimal digits, with which it ends.
// A connection that breaks is a stop.
package remote
