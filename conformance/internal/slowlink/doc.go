// Package slowlink is the network between a phone and a server, as far as tests need one: HTTP and WebSocket proxies on loopback that share
// one line, whose class (none, stalled, 2G, EDGE, 3G, LTE, Wi-Fi) changes while they run. The line carries so many bits a second in each
// direction, and no more however many connections there are; each packet takes half a round trip; one that is lost comes a round trip
// later, with what is behind it on its connection. A new connection costs a round trip before its first byte, as TCP's handshake does.
//
// What passes is counted by direction and by kind, which the path of a request tells: files, sync (the WebSocket), the rest.
//
// It forwards plain HTTP/1.1. What it cannot do is TLS, and packets: it is no emulation of TCP under loss, but of what TCP makes of it.
package slowlink
