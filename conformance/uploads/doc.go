// Package uploads holds the tests of files on their way to the real server and its real stores, over links that break: with the
// unmodified tus-js-client, with the Go client, and with those who mean no good.
package uploads
