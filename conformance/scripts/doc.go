// Package scripts runs the real binaries, fieldsyncd and fieldsync, built once for each run, as people use them. A scenario
// is a file here: its name says what it shows, its comment for whom that matters. Beside the usual commands of testscript:
//
//	server start|stop|kill      a server of this scenario's own, with demo data; it keeps its address and its data ($SERVER);
//	                            "start minio" has it keep files in MinIO
//	net CLASS|break|reset       the network between $NET and the server: none, stalled, 2g, edge, 3g, lte, wifi, direct, as it is from now on (at first,
//	                            direct); all connections break; bytes are counted anew. Large files on their way to MinIO take it too
//	bytes KIND WAY OP NUMBER    what has passed the network since: KIND sync, file, other; WAY up, down; OP ==, <=, >=. With "until" before it, it is
//	                            waited for
//	until REGEXP COMMAND...     runs the command again and again until its stdout matches
//	random FILE BYTES           makes a file that nothing compresses
//	capture NAME REGEXP         the first group of the match in the last stdout becomes $NAME
//	appears FILE REGEXP         waits until the file matches (for what runs in the background)
//	damage SHA256               changes a byte of a file that the server stores
package scripts
