// Package socket sets up the client's sockets: little of what is written waits inside the system, so that what is more urgent, or the end of a
// transfer, need not wait for it.
package socket
