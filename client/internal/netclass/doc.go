// Package netclass says what a phone's link is worth: none, slow or fast. It is a function of what it is told, with the times as arguments: no
// clock, no network. Meter holds the measurements; whoever has a connection makes them, when Meter.Probe asks.
//
// # What is measured
//
// The round trip: from a WebSocket ping to its pong, while nothing else of ours is on the link, as otherwise it would tell how much
// we have queued. Three values are kept, and their median counts.
//
// The throughput: bytes over the time that they took, of what is known to have crossed: windows of a file's transfer, frames that
// came in pieces, and, where none of that moves, trains: some forty pings in a row, of which the last one's pong comes when all have crossed. Their
// time is without one round trip. What an application's pause may have slowed down is not told to Meter, or told as Moved with its pauses taken out.
//
// # The classes
//
// The platform's word is where it begins: "2g" is slow, others are fast. Measurement decides, with hysteresis, so that one sample never
// changes the class:
//
//	fast to slow   the median round trip is 1.4 s or more, or two samples in a row and all of the last seconds together carry
//	               less than 70 kbit/s
//	slow to fast   the median round trip is below 1 s, and the throughput is known to be 100 kbit/s or more; where
//	               the word is "2g", 500 kbit/s and below 200 ms, which no 2G link has: then the word is stale
//	unknown        without a word, a link is slow until a first round trip was measured. Below 300 ms it is fast, as no 2G radio answers
//	               in that time; up to 1.4 s a train decides, as GPRS with little traffic answers in 700 ms too
//
// A train on a fast link that shows less than 70 kbit/s throws away what crossed before, and another one is made: files may be about to begin.
//
// Of a new word, and of a new connection after a break, nothing measured before is kept. The browser's SDK has the same rules (conformance/vectors/link.json).
package netclass
