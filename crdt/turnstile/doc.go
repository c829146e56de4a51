// Package turnstile says who comes in when more ask than can be served: so many are served at a time, some wait for a short while, and the
// others are told when their turn is. It is pure: time is an argument, and whoever waits is woken by the caller.
//
// How soon somebody's turn is follows from how fast those in front are done, which is measured while all places are taken. Who is sent away is promised
// a turn behind all who were promised one before, so that a thousand who come in one second come back one after the other, as fast as they can
// be served and no faster. A promise is no reservation: who comes back finds the line as it is then.
package turnstile
