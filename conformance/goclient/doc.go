// Package goclient runs the Go client in this process against the real server in this process, and against one that
// refuses what no honest server refuses.
package goclient
