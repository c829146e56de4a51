// Package link is the client's end of the WebSocket to a server: it dials, reads frames into a drive.Link, and is the
// drive.Conn that sends them. One goroutine writes, and only while there is something to write. What waits to be sent is bounded; so is
// what is read, also where it arrives compressed.
package link
