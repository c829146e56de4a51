// Package scripts runs the real binaries, fieldsyncd and fieldsync, built once for each run, as people use them. A scenario
// is a file here: its name says what it shows, its comment for whom that matters. Beside the usual commands of testscript:
//
//	server start|stop|kill      a server of this scenario's own, with demo data; it keeps its address and its data ($SERVER)
//	capture NAME REGEXP         the first group of the match in the last stdout becomes $NAME
//	appears FILE REGEXP         waits until the file matches (for what runs in the background)
//	damage SHA256               changes a byte of a file that the server stores
package scripts
