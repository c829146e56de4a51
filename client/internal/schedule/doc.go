// Package schedule says when a phone talks to its server: a function of what happened, with times and randomness as arguments. Schedule is
// told of triggers and of how connections end, and Next says what to do, and when: connect, or look whether the connection still lives.
//
// While there is a connection everything moves as it happens. The triggers are for when there is none, or one that only seems to be there:
//
//	open            connect at once
//	hand            connect at once; or look at once whether the connection lives, as what was to come over it may not be coming
//	push, status    the same, but not before the server wants it
//	network back    connect at once, but not before the server wants it, and forget the failures; or look at once: the connection was made over another network
//	timer           every two minutes: connect, also where the platform says that there is no network, but not before the server wants it; or look
//
// A connection that could not be made, or broke, is tried again after a random time between nothing and a ceiling that doubles from 0.5 s to 8 s
// (package backoff; from an hour on it grows with the outage, to 60 s after a night), and is never higher than the time that the server has been away. Where the server says when to come back (Later) it is then: who comes when many
// come is told his turn, and only a person, who opens the app or asks by hand, goes before it. While the platform says that there is no network only the timer tries.
package schedule
