// Package problem writes errors as HTTP answers: RFC 9457 problem documents (application/problem+json). It holds the one
// table from an error's kind to a status, for every handler of the server.
//
// A handler returns an error or hands it to Write; it never composes a status itself. What an internal error says is for the
// log: the client gets its status, a code and no more.
package problem
