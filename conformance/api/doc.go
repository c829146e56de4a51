// Package api tests the JSON API from outside, against the description that the server serves: every operation is driven on a real
// server, and requests and answers are validated by somebody else's validator; a fuzz made from the description sends valid and broken
// requests to every operation as every role; and the examples of docs/API.md are run.
package api
