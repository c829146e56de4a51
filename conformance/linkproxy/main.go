// Command linkproxy is a bad network for a test: a proxy on loopback before a server, with the rate, delay and loss of the class that
// --class names, to be changed while it runs through its control port (package slowlink, Link.Control):
//
//	linkproxy --target 127.0.0.1:8080 --class 2g --listen 127.0.0.1:9080 --control 127.0.0.1:9081
//	curl -X PUT -d lte 127.0.0.1:9081/class
//	curl 127.0.0.1:9081/
//
// It prints the addresses, a line each: "proxy ADDR", "files ADDR" (if --files is given), "control ADDR"; then "ready". SIGINT and SIGTERM end it.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fieldsync/conformance/internal/slowlink"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "linkproxy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	listen := flag.String("listen", "127.0.0.1:0", "where clients connect")
	target := flag.String("target", "", "the server behind it, as host:port")
	files := flag.String("files", "", "an object store on the same line, as host:port; all that passes there are files")
	control := flag.String("control", "127.0.0.1:0", "where the class is changed")
	name := flag.String("class", slowlink.Direct.Name, "none, stalled, 2g, edge, 3g, lte, wifi or direct")
	flag.Parse()
	if *target == "" {
		return fmt.Errorf("--target is missing")
	}
	class, err := slowlink.ParseClass(*name)
	if err != nil {
		return err
	}
	k := slowlink.New(class)
	defer k.Close()
	addr, err := k.Open(*listen, *target, false)
	if err != nil {
		return err
	}
	fmt.Println("proxy", addr)
	if *files != "" {
		if addr, err = k.Open("127.0.0.1:0", *files, true); err != nil {
			return err
		}
		fmt.Println("files", addr)
	}
	l, err := net.Listen("tcp", *control)
	if err != nil {
		return err
	}
	fmt.Println("control", l.Addr())
	fmt.Println("ready")
	server := &http.Server{Handler: k.Control(), ReadHeaderTimeout: time.Minute}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}
