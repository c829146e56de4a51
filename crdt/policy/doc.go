// Package policy decides by the operations of a change whether its author may make it: it finds out what each operation writes to,
// and whose that is, and asks the rules of package job. A change is taken as a whole or not at all.
//
// What an operation writes to is the way from the root to its object, by the operations that made the objects on it, whether or
// not they still stand there: so a change that is late, or knows only a part of the document, is judged like any other, and
// nobody can hide what another wrote by writing at old heads. Whose an entry is says who delivered the change that added it; what
// the entry says of itself is no proof.
//
// The package is pure. Server and client share it.
package policy
